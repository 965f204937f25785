/* A freeDiameter extension that answers every Location-Info-Request with one fixed S-CSCF: the yardstick of
 * benchmarks/run.py. It keeps what freeDiameter does for every message (parsing, rules, routing) and adds no database.
 *
 * Compile: gcc -O2 -shared -fPIC -o lir.fdx lir.c
 */
#include <freeDiameter/extension.h>

#define VENDOR_3GPP 10415
#define APPLICATION_CX 16777216
#define COMMAND_LOCATION_INFO 302

static struct dict_object *session_state, *server_name, *vendor_application, *vendor_id, *application_id;
static uint8_t name[] = "sip:scscf1.ims.test:6060";

static int add_number(msg_or_avp *to, struct dict_object *model, uint32_t number)
{
	struct avp *avp;
	union avp_value value = { .u32 = number };
	CHECK_FCT( fd_msg_avp_new(model, 0, &avp) );
	CHECK_FCT( fd_msg_avp_setvalue(avp, &value) );
	return fd_msg_avp_add(to, MSG_BRW_LAST_CHILD, avp);
}

static int answer(struct msg **msg, struct avp *avp, struct session *session, void *opaque, enum disp_action *action)
{
	struct avp *made;
	union avp_value value = { .os = { .data = name, .len = sizeof(name) - 1 } };
	(void) avp; (void) session; (void) opaque; (void) action;

	CHECK_FCT( fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0) );
	CHECK_FCT( fd_msg_avp_new(vendor_application, 0, &made) );
	CHECK_FCT( add_number(made, vendor_id, VENDOR_3GPP) );
	CHECK_FCT( add_number(made, application_id, APPLICATION_CX) );
	CHECK_FCT( fd_msg_avp_add(*msg, MSG_BRW_LAST_CHILD, made) );
	CHECK_FCT( fd_msg_rescode_set(*msg, "DIAMETER_SUCCESS", NULL, NULL, 1) );
	CHECK_FCT( add_number(*msg, session_state, 1) );
	CHECK_FCT( fd_msg_avp_new(server_name, 0, &made) );
	CHECK_FCT( fd_msg_avp_setvalue(made, &value) );
	CHECK_FCT( fd_msg_avp_add(*msg, MSG_BRW_LAST_CHILD, made) );
	return fd_msg_send(msg, NULL, NULL);
}

static int base_avp(char *called, struct dict_object **found)
{
	return fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME, called, found, ENOENT);
}

static int cx_avp(uint32_t code, char *called, struct dict_object **made)
{
	struct dict_avp_data data = { code, VENDOR_3GPP, called, AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY,
		AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY, AVP_TYPE_OCTETSTRING };
	return fd_dict_new(fd_g_config->cnf_dict, DICT_AVP, &data, NULL, made);
}

static int need(struct dict_object *command, struct dict_object *avp)
{
	struct dict_rule_data rule = { avp, RULE_REQUIRED, 0, -1, 1 };
	return fd_dict_new(fd_g_config->cnf_dict, DICT_RULE, &rule, command, NULL);
}

static int start(char *file)
{
	struct dictionary *all = fd_g_config->cnf_dict;
	struct dict_object *vendor, *application, *request, *reply, *identity;
	struct dict_vendor_data vendor_data = { VENDOR_3GPP, "3GPP" };
	struct dict_application_data application_data = { APPLICATION_CX, "Cx" };
	struct dict_cmd_data request_data = { COMMAND_LOCATION_INFO, "LIR", CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE,
		CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE };
	struct dict_cmd_data reply_data = { COMMAND_LOCATION_INFO, "LIA", CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE,
		CMD_FLAG_PROXIABLE };
	struct disp_when when = { 0 };
	(void) file;

	CHECK_FCT( fd_dict_new(all, DICT_VENDOR, &vendor_data, NULL, &vendor) );
	CHECK_FCT( fd_dict_new(all, DICT_APPLICATION, &application_data, vendor, &application) );
	CHECK_FCT( fd_dict_new(all, DICT_COMMAND, &request_data, application, &request) );
	CHECK_FCT( fd_dict_new(all, DICT_COMMAND, &reply_data, application, &reply) );
	CHECK_FCT( base_avp("Auth-Session-State", &session_state) );
	CHECK_FCT( cx_avp(601, "Public-Identity", &identity) );
	CHECK_FCT( cx_avp(602, "Server-Name", &server_name) );
	CHECK_FCT( base_avp("Vendor-Specific-Application-Id", &vendor_application) );
	CHECK_FCT( base_avp("Vendor-Id", &vendor_id) );
	CHECK_FCT( base_avp("Auth-Application-Id", &application_id) );
	CHECK_FCT( need(request, identity) );
	CHECK_FCT( need(request, session_state) );
	CHECK_FCT( need(request, vendor_application) );
	when.app = application;
	when.command = request;
	CHECK_FCT( fd_disp_register(answer, DISP_HOW_CC, &when, NULL, NULL) );
	return fd_disp_app_support(application, vendor, 1, 0);
}

EXTENSION_ENTRY("lir", start);

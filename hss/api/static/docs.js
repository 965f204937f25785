"use strict";
// Shows /api/v1/openapi.json: operations by tag, parameters, bodies, answers, schemas; and tries them out.

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);
let description = {};

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function resolved(node) {
  if (!node || !node.$ref) return node;
  const found = node.$ref.slice(2).split("/").reduce((at, step) => at && at[step.replace(/~1/g, "/")], description);
  return { ...found, ...Object.fromEntries(Object.entries(node).filter(([key]) => key !== "$ref")) };
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${typeOf(schema.items) || "anything"}`;
  const bounds = ["minimum", "maximum", "exclusiveMaximum", "pattern", "maxLength", "default"]
    .filter((key) => schema[key] !== undefined).map((key) => `${key} ${JSON.stringify(schema[key])}`);
  return [[].concat(schema.type || "anything").join(" or "), ...bounds].join(", ");
}

function table(head, rows) {
  const line = (cells, kind) => element("tr", {}, ...cells.map((cell) => element(kind, {}, cell)));
  return element("table", {}, line(head, "th"), ...rows.map((row) => line(row, "td")));
}

function parameterRow(parameter, inputs) {
  const input = element("input", { "aria-label": parameter.name });
  if (parameter.in === "path") input.value = parameter.example || "";
  inputs.push({ parameter, input });
  const name = element("code", {}, parameter.name + (parameter.required ? " *" : ""));
  return [name, `${parameter.in}: ${typeOf(parameter.schema)}. ${parameter.description || ""}`, input];
}

function request(path, method, inputs) {
  let place = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") place = place.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
    else if (input.value) headers[parameter.name] = input.value;
  }
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  return [query.size ? `${place}?${query}` : place, { method: method.toUpperCase(), headers }];
}

async function send(path, method, inputs, body, media, shown) {
  const [place, options] = request(path, method, inputs);
  if (body) Object.assign(options, { body: body.value }).headers["Content-Type"] = media;
  shown.textContent = "...";
  try {
    const answer = await fetch(place, options);
    const text = await answer.text();
    const headers = ["etag", "location", "link"].filter((one) => answer.headers.get(one))
      .map((one) => `${one}: ${answer.headers.get(one)}\n`).join("");
    shown.textContent = `${options.method} ${place}\n${answer.status} ${answer.statusText}\n${headers}\n${pretty(text)}`;
  } catch (error) {
    shown.textContent = String(error);
  }
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

function operationBody(path, method, operation, shared) {
  const inputs = [];
  const parts = [];
  const parameters = [...shared, ...(operation.parameters || [])].map(resolved);
  if (parameters.length) {
    parts.push(table(["Parameter", "Meaning", "Value"], parameters.map((one) => parameterRow(one, inputs))));
  }
  let body = null;
  let media = "";
  if (operation.requestBody) {
    const content = operation.requestBody.content;
    media = Object.keys(content)[0];
    body = element("textarea", { spellcheck: "false", "aria-label": "body" });
    body.value = content[media].example ? JSON.stringify(content[media].example, null, 2) : "{}";
    parts.push(element("p", {}, `Body: ${typeOf(content[media].schema)} as ${Object.keys(content).join(", ")}`), body);
  }
  const rows = Object.entries(operation.responses).map(([status, one]) => [status, resolved(one).description || ""]);
  const shown = element("pre", { "aria-live": "polite" });
  const button = element("button", { type: "button" }, "Send");
  button.addEventListener("click", () => send(path, method, inputs, body, media, shown));
  parts.push(element("p", {}, button), shown, table(["Status", "Meaning"], rows));
  return element("div", {}, ...parts);
}

function operation(path, method, item) {
  const one = item[method];
  const head = element("summary", {}, element("span", { class: `method ${method}` }, method.toUpperCase()),
    element("code", {}, path), " ", element("span", { class: "quiet" }, one.summary));
  const made = element("details", { id: one.operationId, "data-text": `${method} ${path} ${one.summary}`.toLowerCase() }, head);
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(operationBody(path, method, one, item.parameters || []));
  });
  return [one.tags[0], made];
}

function schema(name, one) {
  const rows = Object.entries(one.properties || {}).map(([field, inner]) => [
    element("code", {}, field + ((one.required || []).includes(field) ? " *" : "")), typeOf(inner),
    [inner.description || "", inner.writeOnly ? "write-only" : "", inner.readOnly ? "read-only" : ""].filter(Boolean).join("; "),
  ]);
  const content = rows.length ? table(["Field", "Type", ""], rows) : element("code", {}, typeOf(one));
  return element("details", {}, element("summary", {}, element("code", {}, name)),
    element("div", {}, element("p", {}, one.description || ""), content));
}

function show() {
  byId("introduction").textContent = description.info.description;
  const groups = new Map(description.tags.map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const [tag, made] = operation(path, method, item);
      groups.get(tag).push(made);
    }
  }
  const sections = description.tags.map((tag) => element("section", {},
    element("h2", {}, tag.name, " ", element("small", {}, tag.description)), ...groups.get(tag.name)));
  byId("operations").replaceChildren(...sections);
  byId("schemas").replaceChildren(...Object.entries(description.components.schemas).map(([name, one]) => schema(name, one)));
}

async function load() {
  const token = byId("token").value;
  const answer = await fetch("/api/v1/openapi.json", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  byId("failure").hidden = answer.ok;
  if (!answer.ok) {
    byId("failure").textContent = "The description needs a token: enter it above.";
    return;
  }
  description = await answer.json();
  show();
}

byId("token").addEventListener("change", load);
byId("search").addEventListener("input", (event) => {
  for (const one of document.querySelectorAll("#operations details")) {
    one.hidden = !one.dataset.text.includes(event.target.value.toLowerCase());
  }
});
load();

-- Shows the private extension in which an HSS names the I-CSCF of a called party (MAP sendRoutingInfo, version 3).
--
-- Use: tshark -X lua_script:homeward_icscf.lua ..., or copy this file to the folder of personal Lua plugins
-- (Help > About Wireshark > Folders). Another object identifier: change OID below, or register once more.
--
--   IcscfRoutingInfo ::= SEQUENCE {
--       icscf-Name   [0] OCTET STRING (SIZE (1..255)),
--       icscf-Port   [1] INTEGER (1..65535) OPTIONAL,
--       alternatives [2] SEQUENCE OF OCTET STRING OPTIONAL, ... }

local OID = "1.3.6.1.4.1.32473.1.1"

local icscf = Proto("map_icscf", "I-CSCF routing information in MAP")
local f_name = ProtoField.string("map_icscf.name", "I-CSCF name")
local f_port = ProtoField.uint16("map_icscf.port", "I-CSCF port")
local f_alternative = ProtoField.string("map_icscf.alternative", "Alternative I-CSCF")
icscf.fields = { f_name, f_port, f_alternative }

-- Tag, place of the content, length of the content, place of the next element.
local function element(buffer, at)
    local tag, length = buffer(at, 1):uint(), buffer(at + 1, 1):uint()
    local start = at + 2
    if length >= 0x80 then
        local octets = length - 0x80
        length = buffer(start, octets):uint()
        start = start + octets
    end
    return tag, start, length, start + length
end

local function alternatives(buffer, at, stop, tree)
    while at < stop do
        local _, start, length, after = element(buffer, at)
        tree:add(f_alternative, buffer(start, length))
        at = after
    end
end

function icscf.dissector(buffer, _, tree)
    local branch = tree:add(icscf, buffer())
    local _, at, length = element(buffer, 0)
    local stop = at + length
    while at < stop do
        local tag, start, size, after = element(buffer, at)
        if tag == 0x80 then
            branch:add(f_name, buffer(start, size))
        elseif tag == 0x81 then
            branch:add(f_port, buffer(start, size))
        elseif tag == 0xa2 then
            alternatives(buffer, start, start + size, branch)
        end
        at = after
    end
    return buffer:len()
end

DissectorTable.get("ber.oid"):add(OID, icscf)

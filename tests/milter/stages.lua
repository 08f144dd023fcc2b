-- All stages of a session, as miltertest drives libmilter: a message that is
-- taken, a cap that is reached, and each way to end.
-- miltertest -D socket=unix:/... -s stages.lua

local ports = {}

local function begin(port)
	local conn = mt.connect(socket, 40, 0.05)
	assert(conn ~= nil, "cannot connect")
	ports[conn] = port
	return conn
end

local function rcpt(conn, address, reply)
	mt.macro(conn, SMFIC_RCPT, "{client_addr}", "192.0.2.1",
	    "{client_port}", ports[conn], "{daemon_port}", "25",
	    "{rcpt_mailer}", "smtp")
	assert(mt.rcptto(conn, address) == nil)
	assert(mt.getreply(conn) == reply, "rcpt " .. address)
end

local first = begin("1")
assert(mt.test_option(first, SMFIP_NOCONNECT), "no connection wanted")
assert(mt.test_option(first, SMFIP_NOMAIL), "no sender wanted")
assert(mt.test_option(first, SMFIP_NOBODY), "no body wanted")
assert(mt.test_option(first, SMFIP_NOHDRS), "no headers wanted")
rcpt(first, "<a@contoso.test>", SMFIR_CONTINUE)
assert(mt.eom(first) == nil)
assert(mt.getreply(first) == SMFIR_CONTINUE, "end of message")

rcpt(first, "<a@contoso.test>", SMFIR_CONTINUE)
local second = begin("2")
rcpt(second, "<a@contoso.test>", SMFIR_CONTINUE)

local third = begin("3")
rcpt(third, "<a@contoso.test>", SMFIR_REPLYCODE)
rcpt(third, "<a@elsewhere.test>", SMFIR_CONTINUE)
mt.abort(second)
mt.sleep(0.2)
rcpt(third, "<a@contoso.test>", SMFIR_CONTINUE)

mt.abort(third)
mt.disconnect(third)
mt.disconnect(second)
mt.disconnect(first, false)
mt.sleep(0.5)

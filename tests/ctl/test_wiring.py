#!/usr/bin/env python3
"""mailweir postfix --check, --diff and --undo against real Postfix
configurations, none of which is ever started. Each fault of the table in
ctl/fault.c is made alone, and found alone, by its name; what --diff prints puts
it right. Speaks TAP."""
import grp
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TOP = os.path.abspath(os.environ.get("top_srcdir", "."))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
sys.path.insert(0, os.path.join(TOP, "tests", "system"))
import tap                      # noqa: E402
import postfix                  # noqa: E402

MAILWEIR = os.path.join(BUILD, "mailweir")

CONFIG = """
host = "mx1";
rules_file = "%(top)s/conf/outcomes.rules";
listen = { policy = "unix:%(sockets)s/policy"; map = "unix:%(sockets)s/map";
           milter = "unix:%(sockets)s/milter"; };
upstreams = {
  filter    = { nexthop = "[filter.example.net]:25"; connections = 20; };
  filter-eu = { nexthop = "[eu.example.net]:25"; connections = 10; };
  exchange  = { nexthop = "[x.example.net]:25"; connections = 20;
                tls = "encrypt"; };
  world     = { mx = true; connections = 25; };
};
destinations = {
  contoso = {
    domains = [ "contoso.com", ".contoso.com" ];
    cap = 100;
    routes = ( { upstream = "filter"; }, { upstream = "filter-eu"; } );
  };
  partner = { domains = [ "partner.test" ];
              routes = ( { upstream = "exchange"; } ); };
  %(catch_all)s
};
"""
TO_FILTER = ('rest = { catch_all = true; '
             'routes = ( { upstream = "filter"; } ); };')
TO_MX = ('rest = { catch_all = true; routes = ( { upstream = "world"; } ); };')

MAIN = """\
compatibility_level = 3.6
queue_directory = %(spool)s
myhostname = mx1.mailweir.test
mydestination =
alias_maps =
alias_database =
"""
SUBMISSION = """\
submission inet n - n - - smtpd
    -o smtpd_recipient_restrictions=
    -o { smtpd_milters = inet:127.0.0.1:1 }
127.0.0.1:10025 inet n - n - - smtpd
    -o content_filter=
    -o smtpd_recipient_restrictions=permit_mynetworks,reject
"""
# Sites as they are before Mailweir: main.cf, master.cf, other files.
SITES = {
    "a plain one": ("", "", {}),
    "one with lists of its own": (
        "smtpd_recipient_restrictions = reject_unknown_recipient_domain,\n"
        "    permit_mynetworks, reject_rbl_client rbl.test\n"
        "smtpd_end_of_data_restrictions = check_policy_service unix:x\n"
        "own_milters = inet:127.0.0.1:1, { inet:127.0.0.1:2, "
        "connect_timeout=9s }\n"
        "smtpd_milters = $own_milters\n"
        "transport_maps = texthash:${config_directory}/ways\n",
        SUBMISSION, {"ways": "other.test smtp:[o.test]:25\n"}),
    "one with ways of its own": (
        "default_transport = smtp:[old.test]\n"
        "relayhost = [it's.test]\n"
        "relay_domains = contoso.com\n"
        "relay_transport = relay:[own.test]\n"
        "smtp_fallback_relay = [f.test]\n"
        "smtpd_relay_before_recipient_restrictions = no\n"
        "smtp_tls_policy_maps = inline:{ {x.test = encrypt} }\n", "", {}),
}


class Place:
    """A folder with a Postfix configuration, sockets, and ours."""

    def __init__(self, folder):
        self.dir = folder
        os.chmod(folder, 0o755)
        self.config = os.path.join(folder, "pf")
        self.spool = os.path.join(folder, "spool")
        self.sockets = os.path.join(self.spool, "mailweir")
        self.file = os.path.join(folder, "mailweir.conf")
        self.environment = dict(os.environ)
        self.listening = []
        os.mkdir(self.config)
        os.makedirs(self.sockets)
        self.open_sockets()
        self.configure(TO_FILTER)

    def open_sockets(self):
        group = grp.getgrgid(pwd.getpwnam("postfix").pw_gid).gr_gid
        os.chown(self.sockets, 0, group)
        os.chmod(self.sockets, 0o2750)
        for name in ("policy", "map", "milter"):
            if os.path.exists(os.path.join(self.sockets, name)):
                os.unlink(os.path.join(self.sockets, name))
            server = socket.socket(socket.AF_UNIX)
            server.bind(os.path.join(self.sockets, name))
            os.chmod(os.path.join(self.sockets, name), 0o660)
            self.listening.append(server)

    def configure(self, catch_all, sockets=None):
        with open(self.file, "w", encoding="ascii") as file:
            file.write(CONFIG % {"top": TOP, "catch_all": catch_all,
                                 "sockets": sockets or self.sockets})

    def path(self, name):
        return os.path.join(self.config, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def site(self, main, master, files):
        shutil.rmtree(self.config)
        os.mkdir(self.config)
        self.write("main.cf", MAIN % {"spool": self.spool} + main)
        self.write("master.cf", postfix.MASTER.format(port=10026) + master)
        for name, text in files.items():
            self.write(name, text)

    def saved(self):
        return {name: self.read(name) for name in os.listdir(self.config)}

    def restore(self, files):
        for name in os.listdir(self.config):
            if name not in files:
                os.unlink(self.path(name))
        for name, text in files.items():
            self.write(name, text)

    def grow_old(self):
        """Postfix waits for two seconds before it reads a new file."""
        for name in os.listdir(self.config):
            os.utime(self.path(name), (time.time() - 60,) * 2)

    def mailweir(self, option, fresh=False):
        if not fresh:
            self.grow_old()
        done = subprocess.run(
            [MAILWEIR, "postfix", option, "--config-dir", self.config,
             "-c", self.file], capture_output=True, text=True, timeout=60,
            check=False, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def check(self):
        """(exit code, names of what was found, all of the text)"""
        code, out, err = self.mailweir("--check")
        return code, set(re.findall(r"^([a-z-]+): ", out, re.M)), out + err

    def apply(self, option):
        """Run what it prints, as an administrator would."""
        script = self.mailweir(option)[1]
        done = subprocess.run(["sh", "-eu"], input=script, text=True,
                              capture_output=True, timeout=60, check=False)
        return script, done.returncode, done.stdout + done.stderr

    def postconf(self, *words):
        self.grow_old()
        subprocess.run(["postconf", "-c", self.config, *words], check=True,
                       stdin=subprocess.DEVNULL)

    def settings(self):
        """What Postfix makes of it all."""
        self.grow_old()
        return [subprocess.run(
            ["postconf", "-c", self.config, option], check=True, text=True,
            capture_output=True).stdout for option in ("-n", "-M", "-P")]


def ways_of_a_site(place):
    for name, site in SITES.items():
        place.site(*site)
        before, files = place.settings(), sorted(os.listdir(place.config))
        code, found, text = place.check()
        tap.ok(code == 1 and {"no-policy", "no-lane", "no-table"} <= found,
               "%s: much is missing" % name, text)
        script, code, said = place.apply("--diff")
        tap.ok(code == 0 and said == "", "%s: --diff is a script" % name,
               said, script)
        code, found, text = place.check()
        tap.ok(code == 0 and not found, "%s: and --check is content" % name,
               text, script)
        tap.same(place.mailweir("--diff"), (0, "", ""),
                 "%s: nothing is left to do" % name)
        script, code, said = place.apply("--undo")
        tap.ok(code == 0 and said == "", "%s: --undo is a script" % name,
               said, script)
        for what, was, now in zip(("main.cf", "master.cf", "options"), before,
                                  place.settings()):
            tap.ok(was == now, "%s: --undo: %s is as it was" % (name, what),
                   was, now, script)
        tap.same(sorted(os.listdir(place.config)), files,
                 "%s: and no file is left" % name)
        tap.same(place.mailweir("--undo"), (0, "", ""),
                 "%s: nothing is left to undo" % name)


POLICY = ("check_policy_service { unix:mailweir/policy, timeout=2s, "
          "try_limit=1, default_action=DUNNO }")
MILTER = ("{ unix:mailweir/milter, default_action=accept, connect_timeout=5s, "
          "command_timeout=5s }")
FILTER = "[filter.example.net]:25"
OURS = "texthash:${config_directory}/mailweir-transport"
WAYS = "texthash:${config_directory}/ways"


def main_cf(*lines):
    """Parameters of main.cf."""
    return lambda place: place.postconf("-e", *lines)


def without(name):
    return lambda place: place.postconf("-X", name)


def option(line):
    return lambda place: place.postconf("-P", line)


def field(line):
    return lambda place: place.postconf("-F", line)


def recipient(*restrictions):
    return main_cf("smtpd_recipient_restrictions = " + ", ".join(restrictions))


def service(text):
    """More lines of master.cf."""
    return lambda place: place.write(
        "master.cf", place.read("master.cf") + text)


def table(old, new):
    """Another line in our own table."""
    def change(place):
        text = place.read("mailweir-transport")
        assert old in text
        place.write("mailweir-transport", text.replace(old, new))
    return change


def ways(line, maps="transport_maps", order=(OURS, WAYS)):
    """A table of the site's."""
    def change(place):
        place.write("ways", line + "\n")
        place.postconf("-e", "%s = %s" % (maps, ", ".join(order)))
    return change


def all_of(*changes):
    def change(place):
        for one in changes:
            one(place)
    return change


def another(catch_all, then):
    """With another catch-all, and main.cf wired for that."""
    def change(place):
        place.configure(catch_all)
        place.apply("--diff")
        then(place)
    return change


def pretend(case, answer):
    """A postconf that answers one question as another Postfix would."""
    def change(place):
        folder = os.path.join(place.dir, "bin")
        path = os.path.join(folder, "postconf")
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\ncase $* in\n*'%s'*) %s ;;\n"
                       "*) exec %s \"$@\" ;;\nesac\n" % (
                           case, answer, shutil.which("postconf")))
        os.chmod(path, 0o755)
        place.environment["PATH"] = folder + ":" + os.environ["PATH"]
    return change


def unlink(name):
    return lambda place: os.unlink(os.path.join(place.sockets, name))


def close_to_postfix(place):
    os.chown(place.sockets, 0, 0)


def close_socket(place):
    os.chmod(os.path.join(place.sockets, "map"), 0o600)


def absolute(place):
    """Main.cf names a socket by its whole path, for a chrooted smtpd."""
    place.postconf("-e", "smtpd_milters = " + MILTER.replace(
        "mailweir/", place.sockets + "/"))
    place.postconf("-F", "127.0.0.1:10026/inet/chroot = y")


def elsewhere(place):
    """All sockets outside of the queue directory; one lane is chrooted."""
    folder = os.path.join(place.dir, "out")
    if not os.path.exists(folder):
        shutil.copytree(place.sockets, folder, ignore=shutil.ignore_patterns(
            "*"))
        os.chmod(folder, 0o755)
        for name in ("policy", "map", "milter"):
            os.link(os.path.join(place.sockets, name),
                    os.path.join(folder, name))
    place.configure(TO_FILTER, folder)
    place.apply("--diff")
    place.postconf("-F", "mw-partner/unix/chroot = y")


# The fault by its name in ctl/fault.c; how it comes about; how it is made.
# FAULTS are put right by what --diff prints, BY_HAND are not.
FAULTS = (
    ("no-policy", "nothing asks policyd", recipient(
        "reject_unlisted_recipient")),
    ("no-policy", "it asks somebody else", recipient(
        "reject_unlisted_recipient", POLICY.replace("mailweir", "other"))),
    ("no-end-of-data", "not at end of data", without(
        "smtpd_end_of_data_restrictions")),
    ("no-milter", "no milter", main_cf("smtpd_milters =")),
    ("no-milter", "another one only", main_cf(
        "smtpd_milters = inet:127.0.0.1:1")),
    ("hidden", "submission has restrictions of its own", service(
        "587 inet n - n - - smtpd -o smtpd_recipient_restrictions=\n")),
    ("hidden", "submission has no milter", service(
        "587 inet n - n - - smtpd -o smtpd_milters=\n")),
    ("permit-before", "mynetworks first", recipient(
        "permit_mynetworks", "reject_unlisted_recipient", POLICY)),
    ("permit-before", "at end of data", main_cf(
        "smtpd_end_of_data_restrictions = permit_sasl_authenticated, "
        + POLICY)),
    ("policy-not-last", "a check behind", recipient(
        "reject_unlisted_recipient", POLICY, "reject_unauth_destination")),
    ("policy-not-last", "a check with an argument", recipient(
        "reject_unlisted_recipient", POLICY, "reject_rbl_client rbl.test")),
    ("unlisted", "unknown recipients last", recipient(POLICY)),
    ("relay-after", "the order of Postfix before 3.6", main_cf(
        "smtpd_relay_before_recipient_restrictions = no")),
    ("policy-action", "Postfix's own default", recipient(
        "reject_unlisted_recipient", POLICY.replace(
            ", default_action=DUNNO", ""))),
    ("policy-timeout", "a minute", recipient(
        "reject_unlisted_recipient", POLICY.replace("2s", "1m"))),
    ("policy-timeout", "six tries", recipient(
        "reject_unlisted_recipient", POLICY.replace("=1", "=6"))),
    ("milter-action", "Postfix's own default", main_cf(
        "smtpd_milters = " + MILTER.replace("default_action=accept, ", ""))),
    ("milter-timeout", "Postfix's own default", main_cf(
        "smtpd_milters = " + MILTER.replace("command_timeout=5s", ""))),
    ("milter-protocol", "as old how-tos say", main_cf(
        "smtpd_milters = " + MILTER.replace("}", ", protocol=2 }"))),
    ("no-lane", "master.cf without one", lambda place: place.postconf(
        "-MX", "mw-partner/unix")),
    ("lane-program", "lmtp(8)", field("mw-partner/unix/command = lmtp")),
    ("lane-size", "few processes", field("mw-contoso/unix/process_limit = 5")),
    ("no-gate", "another destination's gate", option(
        "mw-partner/unix/smtp_tls_policy_maps = "
        "socketmap:unix:mailweir/map:gate.contoso")),
    ("no-gate", "no policy table", option(
        "mw-partner/unix/smtp_tls_policy_maps = ")),
    ("no-gate", "another table first", option(
        "mw-partner/unix/smtp_tls_policy_maps = "
        "hash:/x,socketmap:unix:mailweir/map:gate.partner")),
    ("tls-policy", "main.cf has a table", main_cf(
        "smtp_tls_policy_maps = hash:/etc/postfix/tls_policy")),
    ("no-outcome", "another destination's", option(
        "mw-partner/unix/smtp_delivery_status_filter = "
        "socketmap:unix:mailweir/map:outcome.rest")),
    ("lane-cache", "on demand", option(
        "mw-partner/unix/smtp_connection_cache_on_demand = yes")),
    ("lane-cache", "for a destination", option(
        "mw-partner/unix/smtp_connection_cache_destinations = x.test")),
    ("lane-patience", "Postfix's own", option(
        "mw-contoso/unix/smtp_helo_timeout = 300s")),
    ("lane-log", "as all smtp", option(
        "mw-partner/unix/syslog_name = postfix")),
    ("lane-fallback", "main.cf has one", main_cf(
        "smtp_fallback_relay = [f.test]")),
    ("concurrency", "Postfix's own", without(
        "mw-contoso_destination_concurrency_limit")),
    ("initial", "Postfix's own", without(
        "mw-contoso_initial_destination_concurrency")),
    ("cohort", "Postfix's own", without(
        "mw-partner_destination_concurrency_failed_cohort_limit")),
    ("recipient-limit", "for all transports", main_cf(
        "default_destination_recipient_limit = 1")),
    ("rate-delay", "for one lane", main_cf(
        "mw-partner_destination_rate_delay = 1s")),
    ("rate-delay", "for all transports", main_cf(
        "default_transport_rate_delay = 1s")),
    ("stale-lane", "of a destination that is gone", service(
        "mw-gone unix - - n - 9 smtp -o "
        "smtp_tls_policy_maps=socketmap:unix:mailweir/map:gate.gone\n")),
    ("stale-limit", "of a destination that is gone", main_cf(
        "mw-gone_destination_concurrency_limit = 9")),
    ("no-table", "no tables", main_cf("transport_maps =")),
    ("no-file", "it was not written", lambda place: os.unlink(place.path(
        "mailweir-transport"))),
    ("table-missing", "a domain", table("partner.test", "# partner.test")),
    ("table-lane", "a domain by another way", table(
        "partner.test mw-partner:", "partner.test smtp:")),
    ("shadowed", "by an earlier table", ways(
        "contoso.com smtp:[o.test]", order=(WAYS, OURS))),
    ("shadowed", "by an earlier pattern", ways(
        "/contoso/ smtp:[o.test]",
        order=(WAYS.replace("texthash", "regexp"), OURS))),
    ("catch-all", "the default is Postfix's", without("default_transport")),
    ("relay-transport", "the default is Postfix's", main_cf(
        "relay_domains = own.test")),
    ("relayhost", "where the lane goes to all MX", another(
        TO_MX, main_cf("relayhost = [r.test]"))),
    ("bypass", "relay_transport", main_cf("relay_transport = smtp:" + FILTER)),
    ("bypass", "virtual_transport, another port's name", main_cf(
        "virtual_transport = smtp:[FILTER.example.net]:smtp")),
    ("bypass", "content_filter", main_cf("content_filter = smtp:" + FILTER)),
    ("bypass", "a service's content_filter", option(
        "127.0.0.1:10026/inet/content_filter = relay:" + FILTER)),
    ("bypass", "relayhost, with no catch-all", another("", all_of(
        without("default_transport"),
        main_cf("relayhost = [filter.example.net]")))),
    ("bypass", "default_transport, with no catch-all", another("", main_cf(
        "default_transport = relay:" + FILTER))),
    ("bypass", "another smtp's fallback", option(
        "relay/unix/smtp_fallback_relay = " + FILTER)),
    ("bypass", "our table, a domain of the site's", table(
        "partner.test", "own.test smtp:%s\npartner.test" % FILTER)),
    ("unknown-nexthop", "our table, a domain of the site's", table(
        "partner.test", "own.test mw-partner:%s\npartner.test" % FILTER)),
    ("stale-entry", "our table, a lane that is gone", table(
        "partner.test", "own.test mw-gone:%s\npartner.test" % FILTER)),
    ("chroot", "an absolute path", absolute),
    ("chroot", "sockets outside of the queue directory", elsewhere),
)
# Each of these is put right in another way.
VARIED = ("bypass", "chroot", "hidden", "rate-delay")
BY_HAND = (
    ("postfix-old", "3.4", pretend("-dh mail_version", "echo 3.4.29")),
    ("postfix-old", "2.11", pretend("-dh mail_version", "echo 2.11.3")),
    ("no-socketmap", "a build without", pretend("-m", "echo hash")),
    ("no-tls", "a build without", pretend("-T compile-version", "exit 0")),
    ("wildcard", "before the default", ways("* smtp:[o.test]")),
    ("table-unread", "no such file", main_cf(
        "transport_maps = %s, %s" % (OURS, WAYS))),
    ("table-unread", "no such file of patterns", main_cf(
        "transport_maps = %s, regexp:/nowhere/ways" % OURS)),
    ("bypass", "a table of the site's", ways("own.test smtp:" + FILTER)),
    ("bypass", "a second relay transport", all_of(
        service("again unix - - n - - smtp\n"),
        ways("own.test again:[x.example.net]:25,[y.test]"))),
    ("bypass", "a pattern of the site's", ways(
        "/own/ smtp:" + FILTER,
        order=(OURS, WAYS.replace("texthash", "proxy:regexp")))),
    ("bypass", "a sender's relayhost", ways(
        "@own.test " + FILTER, "sender_dependent_relayhost_maps", (WAYS,))),
    ("bypass", "a sender's transport", ways(
        "@own.test smtp:" + FILTER, "sender_dependent_default_transport_maps",
        (WAYS,))),
    ("unknown-nexthop", "a table of the site's", ways(
        "own.test mw-partner:[no.test]")),
    ("hidden", "a service's milter that needs its blanks", service(
        "587 inet n - n - - smtpd -o { smtpd_milters = "
        "{ inet:127.0.0.1:1, { default_action = 451 no } } }\n")),
    ("no-socket", "the milter's", unlink("milter")),
    ("socket-closed", "its folder", close_to_postfix),
    ("socket-closed", "itself", close_socket),
)
FINE = (
    ("a check of the site's before ours", recipient(
        "reject_rbl_client rbl.test", "reject_unlisted_recipient", POLICY)),
    ("what permits behind ours", recipient(
        "reject_unlisted_recipient", POLICY, "permit_mynetworks", "reject")),
    ("unknown recipients, where none is rejected", all_of(
        recipient(POLICY), main_cf("smtpd_reject_unlisted_recipient = no"))),
    ("a server without braces, as main.cf has it set", all_of(
        recipient("reject_unlisted_recipient",
                  "check_policy_service unix:mailweir/policy"),
        main_cf("smtpd_policy_service_timeout = 5s",
                "smtpd_policy_service_try_limit = 2",
                "smtpd_policy_service_default_action = dunno"))),
    ("milters of the site's, one of them in braces", main_cf(
        "smtpd_milters = inet:127.0.0.1:1, %s, { inet:127.0.0.1:2 }" % MILTER)),
    ("the way back from a content filter", service(
        "10025 inet n - n - - smtpd -o content_filter= "
        "-o smtpd_recipient_restrictions=permit -o smtpd_milters=\n")),
    ("an option in a parameter", all_of(
        main_cf("own_restrictions = " + POLICY), service(
            "587 inet n - n - - smtpd "
            "-o smtpd_recipient_restrictions=$own_restrictions\n"))),
    ("a lane with more processes, and with less patience", all_of(
        field("mw-contoso/unix/process_limit = 0"),
        option("mw-contoso/unix/smtp_helo_timeout = 2"))),
    ("limits that are none", main_cf(
        "mw-contoso_destination_concurrency_limit = 0",
        "mw-partner_destination_concurrency_limit = 400",
        "mw-partner_destination_recipient_limit = 2")),
    ("a chrooted lane and smtpd, by a relative path", all_of(
        field("mw-contoso/unix/chroot = y"),
        field("127.0.0.1:10026/inet/chroot = y"))),
    ("another instance's name in the log", option(
        "mw-partner/unix/syslog_name = out/mw-partner")),
    ("a table of main.cf's for TLS behind the gate", all_of(
        main_cf("smtp_tls_policy_maps = hash:/x"),
        option("mw-contoso/unix/smtp_tls_policy_maps = "
               "socketmap:unix:mailweir/map:gate.contoso,hash:/x"),
        option("mw-rest/unix/smtp_tls_policy_maps = "
               "socketmap:unix:mailweir/map:gate.rest,hash:/x"))),
    ("tables of the site's, for ways of its own", ways(
        "own.test smtp:[own.test]:25\ncontoso.com smtp:[o.test]\n"
        "more.test mw-contoso:" + FILTER)),
    ("our table through proxymap", main_cf(
        "transport_maps = proxy:" + OURS)),
    ("tables that are somewhere else", main_cf(
        "transport_maps = %s, ldap:/etc/postfix/ways.cf, tcp:1.2.3.4:5" %
        OURS)),
    ("relay_transport, the site's choice", main_cf(
        "relay_domains = own.test", "relay_transport = smtp:[own.test]")),
    ("relayhost, where the lanes have next hops", main_cf(
        "relayhost = " + FILTER)),
    ("more of the site's in our table", table(
        "partner.test", "own.test smtp:[own.test]\n"
        "more.test mw-partner:\npartner.test")),
)


def fault(place, name, how, make, by_hand, again):
    """again: --diff was tried on another one of this name."""
    make(place)
    code, found, text = place.check()
    tap.ok((code, found) == (1, {name}), "%s, and nothing else: %s" % (
        name, how), "exit status %d, %s" % (code, sorted(found)), text)
    if again:
        return
    script, status, said = place.apply("--diff")
    if by_hand:
        tap.ok("# by hand: " in script, "%s: --diff leaves it to people: %s" %
               (name, how), script)
        return
    tap.ok(status == 0 and place.check()[:2] == (0, set()),
           "%s: --diff puts it right: %s" % (name, how), said, script,
           place.check()[2])


def unknown_here(name):
    """Postfix before 3.6 has no such order, and no name for it."""
    return name == "relay-after" and not subprocess.run(
        ["postconf", "-dh", "smtpd_relay_before_recipient_restrictions"],
        check=False, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL).stdout.strip()


def each_fault(place):
    place.site(*SITES["a plain one"])
    place.apply("--diff")
    wired = place.saved()
    for rows, by_hand in ((FAULTS, False), (BY_HAND, True)):
        last = None
        for name, how, make in rows:
            if unknown_here(name):
                continue
            fault(place, name, how, make, by_hand,
                  name == last and name not in VARIED)
            last = name
            place.environment = dict(os.environ)
            place.configure(TO_FILTER)
            place.restore(wired)
            place.open_sockets()
    for how, make in FINE:
        make(place)
        code, found, text = place.check()
        tap.ok((code, found) == (0, set()), "fine: " + how, text)
        place.restore(wired)


def names():
    """Those of the table in ctl/fault.c."""
    with open(os.path.join(TOP, "ctl", "fault.c"), encoding="ascii") as file:
        return set(re.findall(r'^\t\[FAULT_\w+\] = \{ "([a-z-]+)"',
                              file.read(), re.M))


def all_by_hand(place):
    """What --diff leaves to people stands there one by one."""
    for name in ("policy", "map"):
        os.unlink(os.path.join(place.sockets, name))
    code, out, _ = place.mailweir("--diff")
    tap.same((code, out), (1, "".join(
        "# by hand: %s/%s is not there\n"
        "#     systemctl start mailweir-policyd\n" % (place.sockets, name)
        for name in ("policy", "map"))), "by hand, one by one")
    place.open_sockets()


def closed_socket_opens(place):
    """The command that is printed for a folder opens it."""
    close_to_postfix(place)
    text = place.check()[2]
    for line in re.findall(r"^    (chgrp .*)$", text, re.M):
        subprocess.run(["sh", "-eu", "-c", line], check=True)
    tap.same(place.check()[:2], (0, set()),
             "the command that opens a folder to Postfix does it")


def just_written(place):
    """Postfix 3.10 takes another folder for its own then."""
    os.utime(place.path("main.cf"))
    tap.same(place.mailweir("--check", fresh=True)[:2],
             (0, place.check()[2]), "main.cf has just been written")


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0 or shutil.which("postconf") is None:
        print("1..0 # SKIP needs root and Postfix")
        return 0
    with tempfile.TemporaryDirectory(prefix="mw-wiring-", dir="/tmp") as name:
        place = Place(name)
        ways_of_a_site(place)
        each_fault(place)
        all_by_hand(place)
        closed_socket_opens(place)
        just_written(place)
    tap.same({row[0] for row in FAULTS + BY_HAND}, names(),
             "each fault of the table is tested")
    print("1..%d" % tap.counted())
    return 1 if tap.failed() else 0


if __name__ == "__main__":
    sys.exit(main())

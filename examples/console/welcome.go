package main

import (
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/outdial/outdial"
)

// welcome is what the server prints when it starts: where it is, and commands to
// paste into another shell that work as they stand.
func (s *server) welcome(address net.Addr, program string) string {
	var out strings.Builder
	line := func(format string, values ...any) { fmt.Fprintf(&out, format+"\n", values...) }
	base := "http://" + dialable(address)
	line("outdial is listening on %s", base)
	line("")
	line("  database  %s", s.db.shown())
	if s.campaign != nil {
		line("  campaign  %s, %d contacts", s.campaign.Name, s.campaign.Contacts)
	}
	if s.power != nil {
		line("  power     %s, %d contacts", s.power.Name, s.power.Contacts)
	}
	if s.flags[outdial.FlagQueueReplace] {
		line("  feature   %s is on", outdial.FlagQueueReplace)
	} else {
		line("  feature   %s is off: setting or clearing a queue answers 404.", outdial.FlagQueueReplace)
		line("            To turn it on, start with FEATURE_FLAGS=%s", outdial.FlagQueueReplace)
	}
	line("  tokens    signed with the secret in %s", s.secret.origin)
	if s.secret.origin == secretVariable {
		line("            (which the shell that makes tokens needs too)")
	} else {
		line("            (for development; set %s to use your own)", secretVariable)
	}
	s.carriers(line)
	if s.redis != nil {
		line("  redis     %s, database %d, shares what is known of the suppression list", s.redis.Addr, s.redis.DB)
	}
	if !loopback(address) {
		line("  network   other machines can reach this address; there is no TLS")
	}
	line("")
	if s.campaign == nil {
		line("There are no contacts yet. To bring some in, in another shell in this directory:")
		line("")
		line("%s import%s -campaign Spring contacts.csv", program, s.dbFlag())
	} else {
		s.examples(line, base, program)
	}
	if s.power != nil {
		s.powerExamples(line, base, program)
	}
	s.listExamples(line, base, program)
	line("")
	line("Ctrl-C stops the server.")
	return out.String()
}

func (s *server) examples(line func(string, ...any), base, program string) {
	campaign := base + "/campaigns/" + s.campaign.ID.String()
	headers := `-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json"`
	line("To set an agent's queue, paste this into another shell in this directory:")
	line("")
	line(`TOKEN=$(%s token%s -sub %s -role agent -scope "%s %s")`,
		program, s.dbFlag(), s.agent, outdial.ScopeQueuePull, outdial.ScopeQueueWrite)
	line(`curl -sS -X POST %s/queues/set %s -d '{"agent_id":"%s","filters":{"first_name_contains":"a"},"per_account_cap":2,"max_queue_size":50}'`,
		campaign, headers, s.agent)
	line("")
	line("To take the next contact from it:")
	line("")
	line(`curl -sS -X POST %s/queues/pull %s -d '{}'`, campaign, headers)
	line("")
	line("To call them, see which buttons there are, and press one:")
	line("")
	line(`PULLED=$(curl -sS -X POST %s/queues/pull %s -d '{}')`, campaign, headers)
	line(`ITEM=%s/queue_items/$(echo "$PULLED" | cut -d '"' -f 4)`, campaign)
	line(`VERSION=$(echo "$PULLED" | sed 's/.*"lock_version":\([0-9]*\).*/\1/')`)
	line(`curl -sS -X POST $ITEM/start %s -d '{"lock_version":'$VERSION'}'`, headers)
	line(`curl -sS %s/dispositions -H "Authorization: Bearer $TOKEN"`, base)
	line(`curl -sS -X POST $ITEM/disposition %s -d '{"lock_version":'$((VERSION+1))',"disposition":"not_interested_this_campaign"}'`, headers)
}

// carriers says whether anything is dialed, whose reports are taken, and where all of
// it is counted.
func (s *server) carriers(line func(string, ...any)) {
	if s.simulation != nil {
		line("  carrier   simulated calls, at any hour; nobody's phone rings")
	} else {
		line("  carrier   none: nothing is dialed")
	}
	if s.webhooks.given {
		line("  webhooks  %s takes what is signed with the secret in %s", telephonyWebhook, webhookVariable)
	} else {
		line("  webhooks  %s; to report to it yourself, set %s", telephonyWebhook, webhookVariable)
	}
	if s.webhooks.twilio != nil {
		line("            %s takes what is signed with the token in %s", twilioWebhook, twilioVariable)
	}
	line("  metrics   %s, for Prometheus", metricsPath)
}

// powerExamples are commands about the power queue. They stand apart from those about
// the agent queue: another token is for them.
func (s *server) powerExamples(line func(string, ...any), base, program string) {
	campaign := base + "/campaigns/" + s.power.ID.String()
	dialing := campaign + "/dialer"
	header := `-H "Authorization: Bearer $MANAGER"`
	line("")
	line("To watch the power queue:")
	line("")
	line(`  MANAGER=$(%s token%s -sub %s -role manager -scope "%s")`,
		program, s.dbFlag(), powerManagerID, outdial.ScopeDialerControl)
	line(`  curl -sS %s %s`, dialing, header)
	line("")
	line("To pause it, and to go on:")
	line("")
	line(`  curl -sS -X POST %s/pause %s`, dialing, header)
	line(`  curl -sS -X POST %s/resume %s`, dialing, header)
	line("")
	line("To list what its agents recorded, and the leads among it:")
	line("")
	line(`  curl -sS %s/dispositions %s`, campaign, header)
	line(`  curl -sS %s/leads %s`, campaign, header)
}

// listExamples are commands about the suppression list, with a token of their own.
func (s *server) listExamples(line func(string, ...any), base, program string) {
	headers := `-H "Authorization: Bearer $KEEPER" -H "Content-Type: application/json"`
	line("")
	line("To say that a number must never be called, ask about it, and take it off the list again:")
	line("")
	line(`  KEEPER=$(%s token%s -sub %s -role manager -scope "%s")`,
		program, s.dbFlag(), powerManagerID, outdial.ScopeSuppressionWrite)
	line(`  curl -sS -X POST %s/suppressions %s -d '{"phone":"%s","reason":"asked by letter"}'`, base, headers, listedPhone)
	line(`  curl -sS -X POST %s/suppressions/check %s -d '{"phones":["%s"]}'`, base, headers, listedPhone)
	line(`  curl -sS -X DELETE %s/suppressions %s -d '{"phones":["%s"],"reason":"an example"}'`, base, headers, listedPhone)
}

// dbFlag is the flag that leads other commands to the same database, or at least
// to the same secret: a password is not printed.
func (s *server) dbFlag() string {
	if s.db.DB == defaultDatabase {
		return ""
	}
	return " -db " + quote(s.db.shown())
}

// dialable is the address as a client on this machine reaches it.
func dialable(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func loopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// howToRun is how a shell runs the program at a path again. What go run builds
// lives in a cache, under a name that nobody should type.
func howToRun(path string) string {
	folder := filepath.ToSlash(filepath.Dir(path))
	if strings.Contains(folder, "/go-build") || strings.HasSuffix(folder, "-d") && len(filepath.Base(folder)) > sha256.Size*2 {
		return "go run ./examples/console"
	}
	return quote(path)
}

// quote is text as one word of a shell.
func quote(text string) string {
	const plain = "/.:=_-+@%,"
	special := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(plain, r)
	}
	if text != "" && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

package disposition_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

func TestTheZeroMapIsTheCanonicalOne(t *testing.T) {
	t.Parallel()

	want := map[disposition.Code]disposition.Effect{
		"no_answer": "retry", "busy": "retry", "voicemail_detected": "retry", "callback_requested": "callback",
		"not_interested_this_campaign": "finish", "do_not_call": "suppress", "invalid_number": "invalidate",
		"converted_to_lead": "convert",
	}
	for name, m := range map[string]disposition.Map{
		"zero": {}, "with nothing added": requireMap(t, disposition.MapConfig{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := map[disposition.Code]disposition.Effect{}
			for _, rule := range m.Rules() {
				got[rule.Code] = rule.Effect
				require.NotEmpty(t, rule.Label, rule.Code)
				require.Empty(t, m.Aliases(rule.Code))
				if rule.Effect == disposition.EffectRetry {
					require.Equal(t, dialer.Outcome(rule.Code), rule.Outcome, "a retry counts as the outcome of its name")
				} else {
					require.Empty(t, rule.Outcome)
				}
				resolved, err := m.Resolve(string(rule.Code))
				require.NoError(t, err)
				require.Equal(t, rule, resolved)
			}
			require.Equal(t, want, got)
			require.Equal(t, disposition.Map{}.Rules(), m.Rules(), "in the same order")
			require.Equal(t, disposition.Map{}.String(), m.String())
		})
	}
}

func TestEveryCanonicalRetryIsAnOutcomeOfCalls(t *testing.T) {
	t.Parallel()

	rules := map[dialer.Outcome]dialer.Rule{}
	for _, rule := range dialer.Rules() {
		rules[rule.Outcome] = rule
	}
	for _, rule := range (disposition.Map{}).Rules() {
		if rule.Effect == disposition.EffectRetry {
			require.Equal(t, dialer.StateQueued, rules[rule.Outcome].State, rule.Code)
			require.Positive(t, rules[rule.Outcome].CoolDown, rule.Code)
		}
	}
	require.Equal(t, dialer.OutcomeVoicemail, dialer.Outcome(disposition.CodeVoicemail), "what the cap of voicemails counts")
}

func TestAHostAddsToTheMap(t *testing.T) {
	t.Parallel()

	m := requireMap(t, disposition.MapConfig{
		Rules: []disposition.Rule{
			{Code: "left_message", Effect: disposition.EffectRetry, Label: "Left a message", CoolDown: 90 * time.Minute, Outcome: dialer.OutcomeVoicemail},
			{Code: "gatekeeper", Effect: disposition.EffectRetry, CoolDown: time.Hour},
			{Code: "sold_elsewhere", Effect: disposition.EffectFinish},
			{Code: disposition.CodeBusy, Label: "Besetzt"},
			{Code: disposition.CodeDoNotCall, Effect: disposition.EffectSuppress, Label: "Nie wieder"},
			{Code: disposition.CodeNoAnswer},
		},
		Aliases: map[string]string{
			"DNC": "do_not_call", " Remove Me ": "dnc", "never": "REMOVE ME", "Engaged": " Busy ", "Voice Mail": "left_message",
		},
	})
	t.Run("codes of its own, behind the canonical ones", func(t *testing.T) {
		t.Parallel()

		rules := m.Rules()
		canonical := len(disposition.Map{}.Rules())
		require.Equal(t, []disposition.Rule{
			{Code: "left_message", Effect: disposition.EffectRetry, Label: "Left a message", CoolDown: 90 * time.Minute, Outcome: dialer.OutcomeVoicemail},
			{Code: "gatekeeper", Effect: disposition.EffectRetry, Label: "gatekeeper", CoolDown: time.Hour, Outcome: "gatekeeper"},
			{Code: "sold_elsewhere", Effect: disposition.EffectFinish, Label: "sold_elsewhere"},
		}, rules[canonical:])
	})
	t.Run("another label for a canonical code, whose meaning stays", func(t *testing.T) {
		t.Parallel()

		busy, err := m.Resolve("busy")
		require.NoError(t, err)
		require.Equal(t, disposition.Rule{
			Code: disposition.CodeBusy, Effect: disposition.EffectRetry, Label: "Besetzt", Outcome: dialer.OutcomeBusy,
		}, busy)
		never, err := m.Resolve("do_not_call")
		require.NoError(t, err)
		require.Equal(t, disposition.Rule{Code: disposition.CodeDoNotCall, Effect: disposition.EffectSuppress, Label: "Nie wieder"}, never)
		unanswered, err := m.Resolve("no_answer")
		require.NoError(t, err)
		require.Equal(t, "No answer", unanswered.Label, "no label leaves the label")

		fresh, err := disposition.Map{}.Resolve("busy")
		require.NoError(t, err)
		require.Equal(t, "Busy", fresh.Label, "other maps keep theirs")
	})
	t.Run("aliases, one after another, whatever the case and the space around", func(t *testing.T) {
		t.Parallel()

		for label, code := range map[string]disposition.Code{
			"dnc": "do_not_call", "DNC": "do_not_call", "\tdnc\n": "do_not_call", "remove me": "do_not_call", "NEVER": "do_not_call",
			"engaged": "busy", " BUSY ": "busy", "voice mail": "left_message", "Left_Message": "left_message",
		} {
			rule, err := m.Resolve(label)
			require.NoError(t, err, label)
			require.Equal(t, code, rule.Code, label)
		}
		require.Equal(t, []string{"dnc", "never", "remove me"}, m.Aliases(disposition.CodeDoNotCall))
		require.Equal(t, []string{"engaged"}, m.Aliases("busy"))
		require.Empty(t, m.Aliases("no_answer"))
		require.Empty(t, m.Aliases("nothing"))
	})
	t.Run("and takes the rules of a map for another one", func(t *testing.T) {
		t.Parallel()

		again := requireMap(t, disposition.MapConfig{Rules: m.Rules()})
		require.Equal(t, m.Rules(), again.Rules())
	})
}

func TestAnUnknownLabelIsAnErrorAndNeverAGuess(t *testing.T) {
	t.Parallel()

	m := requireMap(t, disposition.MapConfig{Aliases: map[string]string{"dnc": "do_not_call"}})
	known := map[string]bool{"dnc": true}
	for _, rule := range m.Rules() {
		known[string(rule.Code)] = true
	}
	for _, label := range []string{"", " ", "busi", "bus", "busyy", "no answer", "no-answer", "DO NOT CALL", "dncs", "retry", "suppress", "busy\x00", strings.Repeat("b", 1_000_000)} {
		rule, err := m.Resolve(label)
		requireFieldError(t, err, "disposition", "is not known")
		require.Zero(t, rule)
	}
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.String().Draw(t, "label")
		if _, err := m.Resolve(label); !known[strings.ToLower(strings.TrimSpace(label))] {
			require.ErrorIs(t, err, outdial.ErrInvalid)
		}
	})
}

func TestABadMapIsNotBuilt(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 101)
	rules := func(rules ...disposition.Rule) disposition.MapConfig { return disposition.MapConfig{Rules: rules} }
	aliases := func(pairs ...string) disposition.MapConfig {
		cfg := disposition.MapConfig{Aliases: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			cfg.Aliases[pairs[i]] = pairs[i+1]
		}
		return cfg
	}
	const (
		retry  = disposition.EffectRetry
		finish = disposition.EffectFinish
	)
	for name, test := range map[string]struct {
		cfg  disposition.MapConfig
		says string
	}{
		"a code without a name":           {rules(disposition.Rule{Effect: finish}), `code "" must be one line of lower case text`},
		"a code in upper case":            {rules(disposition.Rule{Code: "Sold", Effect: finish}), `code "Sold" must be one line of lower case text`},
		"a code with space around":        {rules(disposition.Rule{Code: " sold", Effect: finish}), `code " sold" must be one line`},
		"a code that is too long":         {rules(disposition.Rule{Code: disposition.Code(long), Effect: finish}), "no longer than 100 bytes"},
		"a code of two lines":             {rules(disposition.Rule{Code: "so\nld", Effect: finish}), `must be one line`},
		"a code with a NUL":               {rules(disposition.Rule{Code: "so\x00ld", Effect: finish}), `must be one line`},
		"a code that is bytes":            {rules(disposition.Rule{Code: "sold\xff", Effect: finish}), `must be one line`},
		"a label that is too long":        {rules(disposition.Rule{Code: "sold", Effect: finish, Label: long}), "its label and its outcome must be"},
		"a label of two lines":            {rules(disposition.Rule{Code: disposition.CodeBusy, Label: "a\nb"}), "its label and its outcome must be"},
		"an outcome that is bytes":        {rules(disposition.Rule{Code: "sold", Effect: retry, Outcome: "\xff"}), "its label and its outcome must be"},
		"no effect":                       {rules(disposition.Rule{Code: "sold"}), `code "sold" has no effect that there is: ""`},
		"an effect that is not there":     {rules(disposition.Rule{Code: "sold", Effect: "sell"}), `no effect that there is: "sell"`},
		"a code that stands there twice":  {rules(disposition.Rule{Code: "sold", Effect: finish}, disposition.Rule{Code: "sold", Effect: finish}), `code "sold" stands there twice`},
		"two labels for a canonical code": {rules(disposition.Rule{Code: "busy", Label: "a"}, disposition.Rule{Code: "busy", Label: "b"}), `code "busy" stands there twice`},
		"a negative cool-down":            {rules(disposition.Rule{Code: "later", Effect: retry, CoolDown: -1}), "from none to a year"},
		"a cool-down of two years":        {rules(disposition.Rule{Code: "later", Effect: retry, CoolDown: 2 * 366 * 24 * time.Hour}), "from none to a year"},
		"a cool-down of what is no retry": {rules(disposition.Rule{Code: "sold", Effect: finish, CoolDown: time.Hour}), "a retry alone has a cool-down and an outcome"},
		"an outcome of what is no retry":  {rules(disposition.Rule{Code: "sold", Effect: finish, Outcome: "busy"}), "a retry alone has a cool-down and an outcome"},
		"a retry after a conversation":    {rules(disposition.Rule{Code: "later", Effect: retry, Outcome: dialer.OutcomeConnected}), `no contact is tried again after the outcome "connected"`},
		"a retry of what never was":       {rules(disposition.Rule{Code: "later", Effect: retry, Outcome: dialer.OutcomeNotPlaced}), `no contact is tried again after the outcome "not_placed"`},
		"a retry by the name of an end":   {rules(disposition.Rule{Code: "rejected_number", Effect: retry}), `no contact is tried again after the outcome "rejected_number"`},
		"another effect of do_not_call":   {rules(disposition.Rule{Code: "do_not_call", Effect: finish}), `code "do_not_call" is canonical, and only its label can be changed`},
		"another cool-down of busy":       {rules(disposition.Rule{Code: "busy", Effect: retry, CoolDown: time.Second}), `code "busy" is canonical`},
		"another outcome of busy":         {rules(disposition.Rule{Code: "busy", Effect: retry, Outcome: "no_answer"}), `code "busy" is canonical`},
		"a cool-down of busy alone":       {rules(disposition.Rule{Code: "busy", CoolDown: time.Second}), `code "busy" is canonical`},
		"an empty alias":                  {aliases(" ", "busy"), `alias " " is empty`},
		"an alias that is too long":       {aliases(long, "busy"), "longer than 100 bytes"},
		"an alias with a NUL":             {aliases("a\x00", "busy"), "not one line of text"},
		"an alias that is bytes":          {aliases("\xff", "busy"), "not one line of text"},
		"an alias in two writings":        {aliases("DNC", "do_not_call", "dnc", "busy"), `alias "dnc" stands there twice`},
		"an alias that is a code":         {aliases("Busy ", "no_answer"), `alias "Busy " is a code`},
		"an alias of a host's code":       {disposition.MapConfig{Rules: []disposition.Rule{{Code: "sold", Effect: finish}}, Aliases: map[string]string{"SOLD": "busy"}}, `alias "SOLD" is a code`},
		"an alias of nothing":             {aliases("dnc", ""), `alias "dnc" ends at "", which is no code`},
		"an alias of what is not there":   {aliases("dnc", "donotcall"), `alias "dnc" ends at "donotcall", which is no code`},
		"an alias that ends nowhere":      {aliases("a", "b", "b", "c"), `alias "a" ends at "c", which is no code`},
		"a circle of one":                 {aliases("a", "A"), `alias "a" goes round in a circle: a, a`},
		"a circle of two":                 {aliases("a", "b", "b", "a"), `alias "a" goes round in a circle: a, b, a`},
		"a circle of three":               {aliases("a", "b", "b", "c", "c", "a"), `alias "a" goes round in a circle: a, b, c, a`},
		"a way into a circle":             {aliases("a", "b", "b", "c", "c", "b"), `alias "a" goes round in a circle: a, b, c, b`},
		"a circle beside good aliases":    {aliases("dnc", "do_not_call", "x", "y", "y", "x"), `alias "x" goes round in a circle: x, y, x`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for range 3 {
				m, err := disposition.NewMap(test.cfg)
				require.ErrorIs(t, err, disposition.ErrMap)
				require.ErrorContains(t, err, test.says, "the same error each time")
				require.Zero(t, m)
			}
		})
	}
	t.Run("and a circle is shown once round", func(t *testing.T) {
		t.Parallel()

		_, err := disposition.NewMap(aliases("a", "A"))
		require.EqualError(t, err, `disposition map: alias "a" goes round in a circle: a, a`)
	})
	t.Run("and the longest names are good ones", func(t *testing.T) {
		t.Parallel()

		longest := strings.Repeat("x", 100)
		m := requireMap(t, disposition.MapConfig{
			Rules:   []disposition.Rule{{Code: disposition.Code(longest), Effect: finish, Label: longest}},
			Aliases: map[string]string{longest[:99] + "Y": longest},
		})
		rule, err := m.Resolve(longest[:99] + "y")
		require.NoError(t, err)
		require.Equal(t, disposition.Code(longest), rule.Code)
	})
}

// Chains of aliases of any length end at their code, and closed into a circle they are
// refused.
func TestAliasesOfAnyLength(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,4}`), 1, 12, rapid.ID).Draw(t, "names")
		cfg := disposition.MapConfig{Aliases: map[string]string{}}
		for i, name := range names {
			cfg.Aliases["the "+name] = string(disposition.CodeBusy)
			if i+1 < len(names) {
				cfg.Aliases["the "+name] = "the " + names[i+1]
			}
		}
		m, err := disposition.NewMap(cfg)
		require.NoError(t, err)
		require.Len(t, m.Aliases(disposition.CodeBusy), len(names))
		for alias := range cfg.Aliases {
			rule, err := m.Resolve(alias)
			require.NoError(t, err)
			require.Equal(t, disposition.CodeBusy, rule.Code)
		}

		back := rapid.SampledFrom(names).Draw(t, "back")
		cfg.Aliases["the "+names[len(names)-1]] = "the " + back
		_, err = disposition.NewMap(cfg)
		require.ErrorIs(t, err, disposition.ErrMap)
		require.ErrorContains(t, err, "goes round in a circle")
	})
}

func TestAMapDoesNotChange(t *testing.T) {
	t.Parallel()

	cfg := disposition.MapConfig{
		Rules:   []disposition.Rule{{Code: "sold", Effect: disposition.EffectFinish}},
		Aliases: map[string]string{"dnc": "do_not_call"},
	}
	m := requireMap(t, cfg)
	for _, each := range []disposition.Map{{}, m} {
		rules, text := each.Rules(), each.String()
		for i := range each.Rules() {
			each.Rules()[i] = disposition.Rule{}
			clear(each.Aliases(rules[i].Code))
		}
		cfg.Rules[0].Effect, cfg.Aliases["dnc"] = disposition.EffectSuppress, "busy"
		require.Equal(t, rules, each.Rules())
		require.Equal(t, text, each.String())
	}
	rule, err := m.Resolve("dnc")
	require.NoError(t, err)
	require.Equal(t, disposition.CodeDoNotCall, rule.Code)

	disposition.Effects()[0] = "changed"
	require.Equal(t, disposition.EffectRetry, disposition.Effects()[0])
}

func TestAMapPrintsItselfAsATable(t *testing.T) {
	t.Parallel()

	require.Equal(t, `| code | button | effect | cool-down | aliases |
|---|---|---|---|---|
| `+"`no_answer`"+` | No answer | retry | 2h |  |
| `+"`busy`"+` | Busy | retry | 15m |  |
| `+"`voicemail_detected`"+` | Voicemail | retry | 24h |  |
| `+"`callback_requested`"+` | Call back | callback |  |  |
| `+"`not_interested_this_campaign`"+` | Not interested | finish |  |  |
| `+"`do_not_call`"+` | Do not call | suppress |  |  |
| `+"`invalid_number`"+` | Wrong number | invalidate |  |  |
| `+"`converted_to_lead`"+` | Lead | convert |  |  |
`, disposition.Map{}.String())

	m := requireMap(t, disposition.MapConfig{
		Rules: []disposition.Rule{
			{Code: "a|b", Effect: disposition.EffectFinish, Label: "A | B"},
			{Code: "left_message", Effect: disposition.EffectRetry, CoolDown: 90 * time.Minute, Outcome: dialer.OutcomeVoicemail},
			{Code: "again", Effect: disposition.EffectRetry, CoolDown: 90 * time.Minute},
			{Code: "soon", Effect: disposition.EffectRetry, CoolDown: 10 * time.Second},
			{Code: "at_once", Effect: disposition.EffectRetry},
		},
		Aliases: map[string]string{"Never|Ever": "do_not_call", "DNC": "do_not_call"},
	})
	for _, line := range []string{
		"| `a\\|b` | A \\| B | finish |  |  |\n",
		"| `left_message` | left_message | retry | 24h |  |\n",
		"| `again` | again | retry | 1h30m |  |\n",
		"| `soon` | soon | retry | 10s |  |\n",
		"| `at_once` | at_once | retry | 0s |  |\n",
		"| `do_not_call` | Do not call | suppress |  | dnc, never\\|ever |\n",
	} {
		require.Contains(t, m.String(), line)
	}
	require.Equal(t, len(m.Rules())+2, strings.Count(m.String(), "\n"), "a line for each code")
}

package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

func TestACampaignsRetryPolicyIsItsOwnAndWhatHoldsInAll(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.send(http.MethodGet, campaignPath("/retry_policy"), "", s.as(manager()))
	require.JSONEq(t, `{
		"own": {"max_attempts":null,"max_voicemails":null,"max_attempts_per_day":null,"vm_cooldown_hours":null,"cool_downs":{}},
		"effective": {"max_attempts":3,"max_voicemails":null,"max_attempts_per_day":null,"vm_cooldown_hours":24,"cool_downs":{
			"no_answer":7200,"busy":900,"abandoned":259200,"hung_up":7200,"canceled":900,"call_failed":7200,"not_placed":5}}
	}`, got.Body.String())
	require.Equal(t, []any{campaignID}, s.store.called())

	s = newServer(t, func(with *setup) {
		with.dispositions.Map = hostMap(t)
		with.dispositions.Policy = dialer.RetryPolicy{
			MaxAttempts: 9, MaxVoicemails: 2, MaxPerDay: 4,
			CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeBusy: time.Minute, dialer.OutcomeVoicemail: time.Hour},
		}
	})
	s.store.policy = dialer.RetryPolicy{
		MaxAttempts: 5, MaxVoicemails: -1,
		CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 90 * time.Minute, dialer.OutcomeBusy: 0},
	}
	got = s.send(http.MethodGet, campaignPath("/retry_policy"), "", s.as(manager()))
	require.JSONEq(t, `{
		"own": {"max_attempts":5,"max_voicemails":-1,"max_attempts_per_day":null,"vm_cooldown_hours":null,
			"cool_downs":{"busy":0,"voicemail_detected":5400}},
		"effective": {"max_attempts":5,"max_voicemails":null,"max_attempts_per_day":4,"vm_cooldown_hours":null,"cool_downs":{
			"no_answer":7200,"busy":0,"abandoned":259200,"hung_up":7200,"canceled":900,"call_failed":7200,"not_placed":5,
			"voicemail_detected":5400,"left_message":90}}
	}`, got.Body.String())

	s.store.err = outdial.NotFound("campaign")
	missing := s.send(http.MethodGet, campaignPath("/retry_policy"), "", s.as(manager()))
	require.Equal(t, "campaign_not_found", missing.problem.Error)
}

func TestARetryPolicyIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	hour := map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: time.Hour}
	for sent, want := range map[string]dialer.RetryPolicy{
		``:   {},
		`{}`: {},
		`{"max_attempts":null,"max_voicemails":null,"max_attempts_per_day":null,"vm_cooldown_hours":null,"cool_downs":null}`: {},
		`{"max_attempts":5,"max_voicemails":-1,"max_attempts_per_day":2,"vm_cooldown_hours":48,"cool_downs":{"busy":0,"left_message":600}}`: {
			MaxAttempts: 5, MaxVoicemails: -1, MaxPerDay: 2, CoolDowns: map[dialer.Outcome]time.Duration{
				dialer.OutcomeVoicemail: 48 * time.Hour, dialer.OutcomeBusy: 0, "left_message": 10 * time.Minute,
			},
		},
		`{"vm_cooldown_hours":1}`:                     {CoolDowns: hour},
		`{"cool_downs":{"voicemail_detected":3600}}`:  {CoolDowns: hour},
		`{"vm_cooldown_hours":0}`:                     {CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 0}},
		`{"vm_cooldown_hours":8784,"cool_downs":{}}`:  {CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeVoicemail: 8784 * time.Hour}},
		`{"cool_downs":{"abandoned":31622400}}`:       {CoolDowns: map[dialer.Outcome]time.Duration{dialer.OutcomeAbandoned: 8784 * time.Hour}},
		`{"max_attempts":0,"max_attempts_per_day":0}`: {},
	} {
		t.Run(sent, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(with *setup) { with.dispositions.Map = hostMap(t) })
			s.store.policy = dialer.RetryPolicy{MaxAttempts: 17}
			put := s.send(http.MethodPut, campaignPath("/retry_policy"), sent, s.as(manager()))
			require.Equal(t, http.StatusOK, put.Code, put.Body)
			asked, ok := s.store.called()[0].(disposition.SetPolicyParams)
			require.True(t, ok)
			require.Equal(t, want.CoolDowns, emptyAsNil(asked.Policy.CoolDowns))
			want.CoolDowns, asked.Policy.CoolDowns = nil, nil
			require.Equal(t, disposition.SetPolicyParams{CampaignID: campaignID, ActorID: managerID, Policy: want, Now: s.clock.Now()}, asked)

			got := s.send(http.MethodGet, campaignPath("/retry_policy"), "", s.as(manager()))
			require.Equal(t, got.Body.String(), put.Body.String(), "the answer is what holds now")
			var shown struct{ Own json.RawMessage }
			got.decode(t, &shown)
			again := s.send(http.MethodPut, campaignPath("/retry_policy"), string(shown.Own), s.as(manager()))
			require.Equal(t, got.Body.String(), again.Body.String(), "what is shown can be sent back")
		})
	}
}

// emptyAsNil is a map that is nil when there is nothing in it.
func emptyAsNil[K comparable, V any](m map[K]V) map[K]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

func TestARetryPolicyThatCannotBeIsRefusedByTheNameOfItsFieldAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ body, field, problem string }{
		{`{"max_attempts":-1}`, "max_attempts", "must be from 0 to 1000"},
		{`{"max_attempts":1001}`, "max_attempts", "must be from 0 to 1000"},
		{`{"max_attempts":"3"}`, "max_attempts", "must be a whole number"},
		{`{"max_attempts":1.5}`, "max_attempts", "must be a whole number"},
		{`{"max_voicemails":-2}`, "max_voicemails", "must be from -1 to 1000"},
		{`{"max_attempts_per_day":1001}`, "max_attempts_per_day", "must be from -1 to 1000"},
		{`{"vm_cooldown_hours":-1}`, "vm_cooldown_hours", "must be from 0 to 8784"},
		{`{"vm_cooldown_hours":8785}`, "vm_cooldown_hours", "must be from 0 to 8784"},
		{`{"vm_cooldown_hours":9223372036854775807}`, "vm_cooldown_hours", "must be from 0 to 8784"},
		{`{"vm_cooldown_hours":0.5}`, "vm_cooldown_hours", "must be a whole number"},
		{`{"cool_downs":[]}`, "cool_downs", "must be a JSON object of seconds"},
		{`{"cool_downs":900}`, "cool_downs", "must be a JSON object of seconds"},
		{`{"cool_downs":{"busy":-1}}`, "cool_downs.busy", "must be from 0 to 31622400"},
		{`{"cool_downs":{"busy":31622401}}`, "cool_downs.busy", "must be from 0 to 31622400"},
		{`{"cool_downs":{"busy":9223372036854775807}}`, "cool_downs.busy", "must be from 0 to 31622400"},
		{`{"cool_downs":{"busy":99999999999999999999}}`, "cool_downs.busy", "must be a whole number of seconds"},
		{`{"cool_downs":{"busy":null}}`, "cool_downs.busy", "must be a whole number of seconds"},
		{`{"cool_downs":{"busy":"15m"}}`, "cool_downs.busy", "must be a whole number of seconds"},
		{`{"cool_downs":{"busy":1.5}}`, "cool_downs.busy", "must be a whole number of seconds"},
		{`{"cool_downs":{"busy":1,"busy":2}}`, "cool_downs.busy", "is given twice"},
		{`{"cool_downs":{"":1}}`, "cool_downs", "names what is not tried again"},
		{`{"cool_downs":{"interested":1}}`, "cool_downs", "names what is not tried again"},
		{`{"cool_downs":{"do_not_call":1}}`, "cool_downs", "names what is not tried again"},
		{`{"cool_downs":{"connected":1}}`, "cool_downs", "names what is not tried again"},
		{`{"cool_downs":{"+15046218927":"soon"}}`, "cool_downs.••••", "must be a whole number of seconds"},
		{`{"vm_cooldown_hours":1,"cool_downs":{"voicemail_detected":3600}}`, "cool_downs.voicemail_detected", "cannot be combined with vm_cooldown_hours"},
		{`{"max_attempts_per_week":3}`, "max_attempts_per_week", "is not a field of this request"},
		{`[]`, "body", "must be a JSON object"},
	} {
		s := newServer(t)
		got := s.send(http.MethodPut, campaignPath("/retry_policy"), test.body, s.as(manager()))
		require.Equal(t, http.StatusBadRequest, got.Code, test.body)
		require.Equal(t, test.field, got.problem.Field, test.body)
		require.Equal(t, test.field+": "+test.problem, got.problem.Detail)
		require.NotContains(t, got.Body.String()+s.log.String(), "5046218927")
		require.Empty(t, s.store.called(), test.body)
	}
}

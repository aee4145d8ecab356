package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/disposition"
	"github.com/outdial/outdial/queue"
	"github.com/outdial/outdial/queue/filter"
	"github.com/outdial/outdial/suppression"
)

// FuzzSetQueue proves that no body makes the server fail: it is either refused
// and changes nothing, or carried out once with bounds that make sense.
func FuzzSetQueue(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{` + anAgent + `}`,
		`{` + anAgent + `,"filters":{"first_name_contains":"B"},"per_account_cap":3,"max_queue_size":5000,"keep_in_progress":true}`,
		`{` + anAgent + `,"filters":{"first_name_contains":"%_'\\"},"dry_run":true}`,
		`{` + anAgent + `,"filters":` + everyForm + `}`,
		`{` + anAgent + `,"filters":{"field":"shoe_size","operator":"equals","value":44}}`,
		`{` + anAgent + `,"filters":{"logic":"NOT","conditions":[{"field":"created_at","operator":"between","value":["2026-11-02",1e9]}]}}`,
		`{` + anAgent + `,"per_account_cap":-0,"max_queue_size":1e400}`,
		`{` + anAgent + `,` + anAgent + `}`, `{"":{"":[{"":null}]}}`, `{"\ud800":1,"\udfff":2}`,
		strings.Repeat(`{"filters":`, 50), "\xEF\xBB\xBF{}", "{\"agent_id\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newServer(t)
		r := httptest.NewRequest(http.MethodPost, campaignPath("/queues/set"), strings.NewReader(string(data)))
		got := s.sendRequest(r, s.as(admin()), header("Content-Type", "application/json"))
		switch got.Code {
		case http.StatusOK:
			require.Len(t, s.store.called(), 1)
			asked, ok := s.store.called()[0].(queue.ReplaceParams)
			require.True(t, ok)
			require.NoError(t, filter.Check(asked.Filter, nil))
			require.Equal(t, campaignID, asked.CampaignID)
			require.NotZero(t, asked.AgentID)
			require.GreaterOrEqual(t, asked.PerAccountCap, 0)
			require.GreaterOrEqual(t, asked.MaxQueueSize, 0)
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			// The one thing that may be asked is whether an unknown field is an attribute.
			for _, asked := range s.store.called() {
				require.Equal(t, "ListAttributes", asked)
			}
		default:
			t.Fatalf("%d: %s", got.Code, got.Body)
		}
	})
}

// FuzzRecordDisposition proves that no body makes the server fail: it is either refused
// and changes nothing, or recorded once in the words of the map.
func FuzzRecordDisposition(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"lock_version":4,"disposition":"busy"}`,
		`{"lock_version":4,"disposition":"callback_requested","callback_at":"2026-11-22T09:30:00+01:00","callback_for":"anyone"}`,
		`{"lock_version":4,"disposition":"callback_requested","callback_at":"9999-12-31T23:59:59.999999999-14:00"}`,
		`{"lock_version":4,"disposition":" Do_Not_Call ","metadata":{"a":{"b":[null,1e400,"\u0000"]}}}`,
		`{"lock_version":4,"disposition":"busy","metadata":{"a":1,"a":2}}`,
		`{"lock_version":-0,"disposition":"busy","supersedes":"01939d8e-6a2b-7c3d-8e4f-5a6b7c8d9e0f"}`,
		`{"lock_version":4,"disposition":"busy","metadata":` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 71),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newServer(t)
		r := httptest.NewRequest(http.MethodPost, itemPath("disposition"), strings.NewReader(string(data)))
		got := s.sendRequest(r, s.as(agent()), header("Content-Type", "application/json"))
		switch got.Code {
		case http.StatusOK:
			require.Len(t, s.store.called(), 1)
			asked, ok := s.store.called()[0].(disposition.RecordParams)
			require.True(t, ok)
			require.Contains(t, disposition.Map{}.Rules(), asked.Rule)
			require.Equal(t, asked.Rule.Effect == disposition.EffectCallback, !asked.CallbackAt.IsZero())
			require.LessOrEqual(t, len(asked.Metadata), disposition.MaxMetadata)
			require.GreaterOrEqual(t, asked.LockVersion, 0)
			require.Equal(t, agentID, asked.AgentID)
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			require.Empty(t, s.store.called())
		default:
			t.Fatalf("%d: %s", got.Code, got.Body)
		}
	})
}

// FuzzSuppressions proves that no body makes the server fail, that whatever comes onto the
// list is in its normalized form, and that nothing which cannot be read looks as if it may
// be called.
func FuzzSuppressions(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"phone":"504-621-8927"}`, `{"email":"Bea@Example.com","expires_at":"9999-12-31T23:59:59.999999999-14:00"}`,
		`{"entries":[{"phone":"+00"},{"phone":"1-800-FLOWERS"},{"email":"bea@"},null,7]}`, `{"phone":"\u0665\u0660\u0664\u0666\u0662\u0661\u0668\u0669\u0662\u0667"}`,
		`{"phones":["621-8927","504 621 8927 #5","\u202a+1 504 621 8927\u202c"],"emails":["a@b"],"region":"uk"}`,
		`{"phones":[],"contact_id":"01939d8e-3a2b-7c3d-8e4f-5a6b7c8d9e0f"}`, `{"phone":"` + strings.Repeat("5", 70) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, path := range []string{"/suppressions", "/suppressions/check"} {
			s := newServer(t)
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(data)))
			got := s.sendRequest(r, s.as(agent()), header("Content-Type", "application/json"))
			switch {
			case got.Code == http.StatusBadRequest || got.Code == http.StatusRequestEntityTooLarge:
				require.Empty(t, s.store.called())
			case got.Code != http.StatusOK:
				t.Fatalf("%d: %s", got.Code, got.Body)
			case path == "/suppressions":
				for _, call := range s.store.called() {
					asked, ok := call.(suppression.AddParams)
					require.True(t, ok)
					for _, entry := range asked.Entries {
						again, err := suppression.ParseEntry(entry.Value, "")
						require.NoError(t, err)
						require.Equal(t, entry.Key, again.Key)
					}
				}
			default:
				for _, item := range items(t, got.object(t)) {
					require.Equal(t, item["error"] != nil, item["suppressed"])
				}
			}
		}
	})
}

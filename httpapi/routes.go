package httpapi

import (
	"net/http"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/suppression"
)

// route is one operation of the API.
type route struct {
	method  string
	pattern string
	summary string
	// public routes need no token; the others need one of the scopes.
	public bool
	scopes []outdial.Scope
	// signed routes take a signature in the place of a token. Their handlers check it,
	// and whatever else comes with the request.
	signed bool
	// served says whether the route exists, for those whose service is optional.
	served func(Config) bool
	// flagged routes do not exist while the feature flag queue_replace_v1 is off.
	flagged bool
	// idempotent routes take the header Idempotency-Key.
	idempotent bool
	// query lists the parameters that the route takes; any other is refused, unless it
	// is signed too.
	query []string
	// failure is the error code of a 500. Defaults to codeInternal.
	failure string
	handle  func(*api, *request) (reply, error)
}

// routes is the one table of everything that is served. The mux is built from it
// and openapi.yaml is compared with it.
func routes() []route {
	var (
		pull    = []outdial.Scope{outdial.ScopeQueuePull}
		edit    = []outdial.Scope{outdial.ScopeQueueWrite}
		view    = []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeQueueWrite}
		ops     = []outdial.Scope{outdial.ScopeOpsRun}
		steer   = []outdial.Scope{outdial.ScopeDialerControl}
		inspect = []outdial.Scope{outdial.ScopeDialerControl, outdial.ScopeQueueWrite}
		watch   = []outdial.Scope{outdial.ScopeDialerControl, outdial.ScopeQueueWrite, outdial.ScopeQueuePull}
		work    = []outdial.Scope{outdial.ScopeQueuePull, outdial.ScopeDialerControl}
		report  = []outdial.Scope{outdial.ScopeTelephonyWebhook}
		forbid  = []outdial.Scope{outdial.ScopeSuppressionWrite}
		ask     = []outdial.Scope{outdial.ScopeSuppressionWrite, outdial.ScopeQueueWrite}
	)
	return []route{
		{
			method: http.MethodGet, pattern: "/campaigns",
			summary: "List the campaigns", scopes: view, handle: (*api).listCampaigns,
		},
		{
			method: http.MethodGet, pattern: "/filters/fields",
			summary: "List the fields that filters may name", scopes: view,
			query: []string{"campaign_id"}, handle: (*api).listFields,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queues/set",
			summary: "Set an agent's queue (replace)", scopes: edit, flagged: true, idempotent: true,
			failure: "queue_replace_failed", handle: (*api).setQueue,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queues/preview",
			summary: "Say what setting the queue would do", scopes: edit, flagged: true,
			handle: (*api).previewQueue,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queues/clear",
			summary: "Clear an agent's queue", scopes: edit, flagged: true, idempotent: true,
			failure: "clear_my_queue_failed", handle: (*api).clearQueue,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queues/clear_all",
			summary: "Clear every queue of the campaign", scopes: edit, flagged: true, idempotent: true,
			failure: "clear_all_queues_failed", handle: (*api).clearAllQueues,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/queues/stats",
			summary: "Count a campaign's items by state and by agent", scopes: view, handle: (*api).queueStats,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/queues",
			summary: "List a campaign's items", scopes: view,
			query: []string{"agent_id", "state", "cursor", "limit"}, handle: (*api).listItems,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queues/pull",
			summary: "Take the next item to call", scopes: pull, handle: (*api).pullItem,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queues/enqueue",
			summary: "Add contacts to a queue", scopes: edit, idempotent: true, handle: (*api).enqueue,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queue_items/{id}/start",
			summary: "Begin the call of a locked item", scopes: pull, handle: (*api).startItem,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queue_items/{id}/heartbeat",
			summary: "Renew the lock of an item", scopes: pull, handle: (*api).heartbeatItem,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queue_items/{id}/release",
			summary: "Give a locked item back", scopes: pull, handle: (*api).releaseItem,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/queue_items/{id}/disposition",
			summary: "Say what came of a call", served: withDispositions, scopes: pull, idempotent: true,
			handle: (*api).recordDisposition,
		},
		{
			method: http.MethodGet, pattern: "/dispositions",
			summary: "List the buttons", served: withDispositions, scopes: view, handle: (*api).listButtons,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/dispositions",
			summary: "List what was recorded in a campaign", served: withDispositions, scopes: inspect,
			query: []string{"contact_id", "cursor", "limit"}, handle: (*api).listDispositions,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/leads",
			summary: "List a campaign's leads", served: withDispositions, scopes: inspect,
			query: []string{"cursor", "limit"}, handle: (*api).listLeads,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/retry_policy",
			summary: "Say how often and when a campaign tries again", served: withDispositions, scopes: inspect,
			handle: (*api).getRetryPolicy,
		},
		{
			method: http.MethodPut, pattern: "/campaigns/{campaignId}/retry_policy",
			summary: "Change how often and when a campaign tries again", served: withDispositions, scopes: steer,
			handle: (*api).putRetryPolicy,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/contacts",
			summary: "Import contacts from a CSV file", scopes: edit,
			query: []string{"default_region", "list"}, handle: (*api).importContacts,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/dialer/enqueue",
			summary: "Add contacts to the power queue", served: withDialer, scopes: edit, idempotent: true,
			handle: (*api).enqueueCalls,
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/dialer/start",
			summary: "Begin to dial a campaign", served: withDialer, scopes: steer,
			handle: controlDialing((*dialer.Service).Start),
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/dialer/pause",
			summary: "Place no calls until the campaign is resumed", served: withDialer, scopes: steer,
			handle: controlDialing((*dialer.Service).Pause),
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/dialer/resume",
			summary: "Go on dialing a paused campaign", served: withDialer, scopes: steer,
			handle: controlDialing((*dialer.Service).Resume),
		},
		{
			method: http.MethodPost, pattern: "/campaigns/{campaignId}/dialer/stop",
			summary: "End the dialing of a campaign", served: withDialer, scopes: steer,
			handle: controlDialing((*dialer.Service).Stop),
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/dialer",
			summary: "Count a campaign's calls and agents", served: withDialer, scopes: watch,
			handle: (*api).dialerStats,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/dialer/items",
			summary: "List a campaign's power queue", served: withDialer, scopes: inspect,
			query: []string{"state", "cursor", "limit"}, handle: (*api).listCallItems,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/dialer/calls/{id}",
			summary: "Look at the call that an agent is in", served: withDialer, scopes: work, handle: (*api).showCall,
		},
		{
			method: http.MethodPut, pattern: "/campaigns/{campaignId}/presence",
			summary: "Say what an agent does", served: withPresence, scopes: work, handle: (*api).setPresence,
		},
		{
			method: http.MethodGet, pattern: "/campaigns/{campaignId}/presence",
			summary: "List a campaign's agents", served: withPresence, scopes: watch, handle: (*api).listPresence,
		},
		{
			method: http.MethodPost, pattern: "/presence/heartbeat",
			summary: "Say that an agent is still there", served: withPresence, scopes: work, handle: (*api).heartbeatAgent,
		},
		{
			method: http.MethodPost, pattern: "/webhooks/twilio",
			summary: "Take what Twilio reports about a call", served: withTwilio, signed: true,
			query: []string{"campaign_id", "item_id", "lock_version"}, handle: (*api).twilioWebhook,
		},
		{
			method: http.MethodPost, pattern: "/webhooks/telephony",
			summary: "Take what a carrier reports about a call", served: withTelephony, signed: true, scopes: report,
			handle: (*api).telephonyWebhook,
		},
		{
			method: http.MethodGet, pattern: "/suppressions",
			summary: "List who must not be called", served: withSuppressions, scopes: forbid,
			query: []string{"kind", "source", "campaign_id", "all_campaigns", "cursor", "limit"}, handle: (*api).listSuppressions,
		},
		{
			method: http.MethodPost, pattern: "/suppressions",
			summary: "Say who must not be called", served: withSuppressions, scopes: forbid, handle: (*api).addSuppressions,
		},
		{
			method: http.MethodDelete, pattern: "/suppressions",
			summary: "Take somebody off the list", served: withSuppressions, scopes: forbid, handle: (*api).removeSuppressions,
		},
		{
			method: http.MethodPost, pattern: "/suppressions/check",
			summary: "Ask whether somebody may be called", served: withSuppressions, scopes: ask, handle: (*api).checkSuppressions,
		},
		{
			method: http.MethodPost, pattern: "/suppressions/revoke",
			summary: "Honour that somebody takes their consent back", served: withSuppressions, scopes: forbid,
			handle: changeConsent((*suppression.Service).RevokeConsent),
		},
		{
			method: http.MethodPost, pattern: "/suppressions/restore",
			summary: "Note that somebody gives their consent again", served: withSuppressions, scopes: forbid,
			handle: changeConsent((*suppression.Service).RestoreConsent),
		},
		{
			method: http.MethodPost, pattern: "/suppressions/import",
			summary: "Import a do-not-call file", served: withSuppressions, scopes: forbid,
			query:  []string{"list", "version", "published_at", "region", "campaign_id", "expires_at"},
			handle: (*api).importSuppressions,
		},
		{
			method: http.MethodGet, pattern: "/suppressions/imports",
			summary: "List the do-not-call files that were imported", served: withSuppressions, scopes: forbid,
			handle: (*api).listImports,
		},
		{
			method: http.MethodGet, pattern: "/suppressions/export",
			summary: "Export the list as CSV", served: withSuppressions, scopes: forbid,
			query: []string{"kind", "source", "campaign_id", "all_campaigns"}, handle: (*api).exportSuppressions,
		},
		{
			method: http.MethodPost, pattern: "/ops/sweep",
			summary: "Clean up what was left behind", scopes: ops, handle: (*api).sweep,
		},
		{
			method: http.MethodPost, pattern: "/ops/purge",
			summary: "Take out of the queues who must not be called", served: withSuppressions, scopes: ops, handle: (*api).purge,
		},
		{
			method: http.MethodPost, pattern: "/ops/rollback",
			summary: "Take out what a launch queued", scopes: ops, handle: (*api).rollback,
		},
		{
			method: http.MethodPost, pattern: "/ops/replay",
			summary: "Run reports about calls again", served: withTelephony, scopes: ops, handle: (*api).replay,
		},
		{
			method: http.MethodGet, pattern: "/openapi.yaml",
			summary: "This document", public: true, handle: (*api).openAPI,
		},
		{
			method: http.MethodGet, pattern: "/healthz",
			summary: "Whether the process is up", public: true, handle: (*api).healthy,
		},
		{
			method: http.MethodGet, pattern: "/readyz",
			summary: "Whether the server can work", public: true, handle: (*api).ready,
		},
	}
}

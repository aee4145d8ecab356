// Package webhook takes telephony events as signed JSON, from every carrier that has
// no adapter of its own, and from hosts that translate for one. It also sends them.
//
// A report is an object:
//
//	{
//	  "campaign_id": "0190c6f4-…", "item_id": "0190c6f5-…", "lock_version": 4,
//	  "call_sid": "c-77", "type": "ended", "seq": 3,
//	  "at": "2026-03-02T18:00:00.25Z", "cause": "busy"
//	}
//
// The first three are the attempt's Ref, as Carrier.Originate was given it: all of
// them, or none. call_sid and type are required. amd goes with the type amd, cause
// with ended. A member that is null is as if it were not there, and one that is
// unknown or given twice is refused.
//
// It is signed as Standard Webhooks describes: the header webhook-id names the
// message, webhook-timestamp has the time of sending in seconds since 1970, and
// webhook-signature has, after "v1,", the HMAC-SHA256 in base64 over id, timestamp and
// body with full stops between them. Several signatures are separated by spaces. A
// message that is sent again keeps its id and is signed anew.
package webhook

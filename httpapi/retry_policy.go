package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/disposition"
)

// retryPolicy is the JSON form of a dialer.RetryPolicy. What it does not say is null.
// The cool-down after a machine stands in VoicemailHours when it is whole hours, and
// among the others otherwise: never in both.
type retryPolicy struct {
	MaxAttempts    *int                   `json:"max_attempts"`
	MaxVoicemails  *int                   `json:"max_voicemails"`
	MaxPerDay      *int                   `json:"max_attempts_per_day"`
	VoicemailHours *int                   `json:"vm_cooldown_hours"`
	CoolDowns      map[dialer.Outcome]int `json:"cool_downs"`
}

// campaignPolicy is what a campaign overrides, and what holds for it in all. The first
// can be sent back as it is.
type campaignPolicy struct {
	Own       retryPolicy `json:"own"`
	Effective retryPolicy `json:"effective"`
}

func newRetryPolicy(from dialer.RetryPolicy) retryPolicy {
	policy := retryPolicy{
		MaxAttempts: numberOrNull(from.MaxAttempts), MaxVoicemails: numberOrNull(from.MaxVoicemails),
		MaxPerDay: numberOrNull(from.MaxPerDay), CoolDowns: map[dialer.Outcome]int{},
	}
	for outcome, coolDown := range from.CoolDowns {
		if outcome == dialer.OutcomeVoicemail && coolDown == coolDown.Truncate(time.Hour) {
			policy.VoicemailHours = new(int(coolDown / time.Hour))
			continue
		}
		policy.CoolDowns[outcome] = int(coolDown / time.Second)
	}
	return policy
}

func numberOrNull(number int) *int {
	if number == 0 {
		return nil
	}
	return &number
}

// inFull fills in what a policy leaves to the tables: the number of attempts, and the
// cool-down of everything that is tried again. A cap that was lifted is none.
func inFull(policy dialer.RetryPolicy, known disposition.Map) dialer.RetryPolicy {
	full := dialer.RetryPolicy{
		MaxAttempts:   policy.MaxAttempts,
		MaxVoicemails: max(0, policy.MaxVoicemails),
		MaxPerDay:     max(0, policy.MaxPerDay),
		CoolDowns:     map[dialer.Outcome]time.Duration{},
	}
	if full.MaxAttempts <= 0 {
		full.MaxAttempts = dialer.DefaultMaxAttempts
	}
	for _, rule := range known.Rules() {
		if rule.Effect == disposition.EffectRetry {
			full.CoolDowns[rule.Outcome] = policy.CoolDown(rule.Outcome, rule.CoolDown)
		}
	}
	for _, rule := range dialer.Rules() {
		if rule.State == dialer.StateQueued {
			full.CoolDowns[rule.Outcome] = policy.CoolDown(rule.Outcome, 0)
		}
	}
	return full
}

// getRetryPolicy answers GET /campaigns/{campaignId}/retry_policy.
func (a *api) getRetryPolicy(r *request) (reply, error) {
	own, effective, err := a.cfg.Dispositions.Policy(r.Context(), r.actor, r.campaignID)
	if err != nil {
		return reply{}, fmt.Errorf("read the retry policy: %w", err)
	}
	return answer(campaignPolicy{
		Own:       newRetryPolicy(own),
		Effective: newRetryPolicy(inFull(effective, a.cfg.Dispositions.Map())),
	})
}

// putRetryPolicy answers PUT /campaigns/{campaignId}/retry_policy with what holds from
// now on.
func (a *api) putRetryPolicy(r *request) (reply, error) {
	body, err := a.readObject(r)
	if err != nil {
		return reply{}, err
	}
	policy := dialer.RetryPolicy{
		MaxAttempts:   body.number("max_attempts"),
		MaxVoicemails: body.number("max_voicemails"),
		MaxPerDay:     body.number("max_attempts_per_day"),
		CoolDowns:     body.coolDowns("vm_cooldown_hours", "cool_downs"),
	}
	if err := body.done(); err != nil {
		return reply{}, err
	}
	if err := a.cfg.Dispositions.SetPolicy(r.Context(), r.actor, r.campaignID, policy); err != nil {
		return reply{}, fmt.Errorf("set the retry policy: %w", err)
	}
	return a.getRetryPolicy(r)
}

// number takes a whole number; without one it is zero.
func (o *object) number(name string) int {
	if value := o.integer(name); value != nil {
		return *value
	}
	return 0
}

// longestCoolDown is the longest one that can be written, so that none overflows.
const longestCoolDown = 366 * 24 * time.Hour

// coolDowns takes the cool-down after a machine in hours, and an object of others in
// seconds, by what they follow.
func (o *object) coolDowns(hours, seconds string) map[dialer.Outcome]time.Duration {
	coolDowns := map[dialer.Outcome]time.Duration{}
	if value := o.integer(hours); value != nil {
		coolDowns[dialer.OutcomeVoicemail] = o.coolDown(hours, *value, time.Hour)
	}
	raw := o.take(seconds)
	if raw == nil {
		return coolDowns
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(raw, &given) != nil {
		o.refuse(seconds, "must be a JSON object of seconds")
	}
	for _, code := range slices.Sorted(maps.Keys(given)) {
		outcome, name := dialer.Outcome(code), cut(seconds+"."+code)
		value, err := strconv.Atoi(string(given[code]))
		if err != nil {
			o.refuse(name, "must be a whole number of seconds")
		}
		if _, twice := coolDowns[outcome]; twice {
			o.refuse(name, "cannot be combined with "+hours)
		}
		coolDowns[outcome] = o.coolDown(name, value, time.Second)
	}
	return coolDowns
}

func (o *object) coolDown(name string, value int, unit time.Duration) time.Duration {
	if most := int(longestCoolDown / unit); value < 0 || value > most {
		o.refuse(name, fmt.Sprintf("must be from 0 to %d", most))
		return 0
	}
	return time.Duration(value) * unit
}

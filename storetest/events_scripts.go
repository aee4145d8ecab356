package storetest

import (
	"slices"
	"time"

	"github.com/outdial/outdial/dialer"
	"github.com/outdial/outdial/dialer/presence"
	"github.com/outdial/outdial/dialer/telephony"
)

// script is one realistic call: what becomes known of it, in the order in which it
// happened, and what comes of it in whatever order it becomes known.
type script struct {
	name string
	// agent says that an agent is reserved for the call before anything is known.
	agent bool
	// nameless says that events carry no Ref: until the carrier's answer is there
	// nobody knows whose they are.
	nameless bool
	news     []news

	outcome dialer.Outcome
	state   dialer.State
	// presence is what the agent does when all is known.
	presence presence.State
}

// news is one thing that becomes known of a call: an event, what the carrier answers
// or what the reconciler finds out.
type news struct {
	event   telephony.Type
	after   time.Duration
	seq     int
	verdict dialer.AMD
	cause   dialer.Cause

	// answers says that Originate has returned with the call's name, lost that it
	// never did, and notPlaced that the carrier knows of no such call.
	answers, lost, notPlaced bool
}

// verdict is one of detection's, under a number of its own.
func verdict(amd dialer.AMD, after time.Duration) news {
	return news{event: telephony.TypeAMD, after: after, verdict: amd, seq: 10 * slices.Index(dialer.AMDVerdicts(), amd)}
}

func over(cause dialer.Cause) news {
	return news{event: telephony.TypeEnded, after: 50 * time.Second, cause: cause}
}

// again is the same thing once more, under another number and at another time.
func again(n news, later time.Duration) news {
	n.seq, n.after = n.seq+1, n.after+later
	return n
}

// scripts are the calls that every store must understand in whatever order. They are
// written in words of which each has its time.
func scripts() []script {
	answers := news{answers: true}
	lost := news{lost: true}
	queued := news{event: telephony.TypeQueued, after: time.Second}
	initiated := news{event: telephony.TypeInitiated, after: 2 * time.Second}
	ringing := news{event: telephony.TypeRinging, after: 3 * time.Second}
	picksUp := news{event: telephony.TypeAnswered, after: 15 * time.Second}
	human := verdict(dialer.AMDHuman, 17*time.Second)
	machine := verdict(dialer.AMDMachine, 18*time.Second)
	connected := news{event: telephony.TypeConnected, after: 19 * time.Second}
	letGo := news{event: telephony.TypeAbandoned, after: 19 * time.Second}
	hangsUp := over(dialer.CauseCompleted)

	return []script{
		{
			name: "a person answers and talks to an agent", agent: true,
			news:    []news{initiated, ringing, picksUp, human, connected, hangsUp},
			outcome: dialer.OutcomeConnected, state: dialer.StateCompleted, presence: presence.StateWrapUp,
		},
		{
			name:    "a machine answers, and beeps",
			news:    []news{ringing, picksUp, machine, again(machine, 9*time.Second), hangsUp},
			outcome: dialer.OutcomeVoicemail, state: dialer.StateQueued,
		},
		{
			name: "the line is busy", news: []news{queued, initiated, over(dialer.CauseBusy)},
			outcome: dialer.OutcomeBusy, state: dialer.StateQueued,
		},
		{
			name: "nobody answers", news: []news{answers, initiated, ringing, over(dialer.CauseNoAnswer)},
			outcome: dialer.OutcomeNoAnswer, state: dialer.StateQueued,
		},
		{
			name: "a person answers and no agent is free", news: []news{ringing, picksUp, human, letGo, hangsUp},
			outcome: dialer.OutcomeAbandoned, state: dialer.StateQueued,
		},
		{
			name: "it is called abandoned although an agent was reserved", agent: true,
			news:    []news{picksUp, human, letGo, connected, hangsUp},
			outcome: dialer.OutcomeConnected, state: dialer.StateCompleted, presence: presence.StateWrapUp,
		},
		{
			name: "the carrier cannot carry it", news: []news{queued, initiated, over(dialer.CauseFailed)},
			outcome: dialer.OutcomeFailed, state: dialer.StateQueued,
		},
		{
			name: "the carrier will not dial the number", news: []news{answers, initiated, over(dialer.CauseRejected)},
			outcome: dialer.OutcomeRejected, state: dialer.StateFailed,
		},
		{
			name: "it is called off while it rings", agent: true, news: []news{answers, initiated, ringing, over(dialer.CauseCanceled)},
			outcome: dialer.OutcomeCanceled, state: dialer.StateQueued, presence: presence.StateReady,
		},
		{
			name: "the agent hangs up, and the carrier reports it twice", agent: true,
			news:    []news{ringing, picksUp, connected, hangsUp, again(hangsUp, 2*time.Second)},
			outcome: dialer.OutcomeConnected, state: dialer.StateCompleted, presence: presence.StateWrapUp,
		},
		{
			name: "the callee hangs up before an agent is there", agent: true,
			news:    []news{ringing, picksUp, human, hangsUp},
			outcome: dialer.OutcomeHungUp, state: dialer.StateQueued, presence: presence.StateReady,
		},
		{
			name: "detection says machine after an agent had joined", agent: true,
			news:    []news{ringing, picksUp, connected, machine, hangsUp},
			outcome: dialer.OutcomeConnected, state: dialer.StateCompleted, presence: presence.StateWrapUp,
		},
		{
			name:    "detection gives up first, and knows better later",
			news:    []news{picksUp, verdict(dialer.AMDUnknown, 16*time.Second), machine, hangsUp},
			outcome: dialer.OutcomeVoicemail, state: dialer.StateQueued,
		},
		{
			name: "two answers are reported", news: []news{ringing, picksUp, again(picksUp, -5*time.Second), human, hangsUp},
			outcome: dialer.OutcomeHungUp, state: dialer.StateQueued,
		},
		{
			name: "two ends are reported that differ", news: []news{ringing, over(dialer.CauseNoAnswer), again(over(dialer.CauseBusy), -20*time.Second)},
			outcome: dialer.OutcomeBusy, state: dialer.StateQueued,
		},
		{
			name: "events come before anybody knows whose they are", agent: true, nameless: true,
			news:    []news{ringing, picksUp, answers, connected, hangsUp},
			outcome: dialer.OutcomeConnected, state: dialer.StateCompleted, presence: presence.StateWrapUp,
		},
		{
			name: "events come although Originate never returned", news: []news{lost, ringing, picksUp, machine, hangsUp},
			outcome: dialer.OutcomeVoicemail, state: dialer.StateQueued,
		},
		{
			name: "events come after the reconciler has found no such call",
			news: []news{lost, {notPlaced: true, after: 40 * time.Second}, initiated, ringing, over(dialer.CauseNoAnswer)},

			outcome: dialer.OutcomeNoAnswer, state: dialer.StateQueued,
		},
		{
			name: "nothing comes and the carrier knows of no such call", agent: true,
			news:    []news{lost, {notPlaced: true, after: 40 * time.Second}},
			outcome: dialer.OutcomeNotPlaced, state: dialer.StateQueued, presence: presence.StateReady,
		},
		{
			name: "everything is reported that can be said of a call", agent: true,
			news: []news{
				answers, queued, initiated, ringing, picksUp, again(picksUp, time.Second), human, letGo, connected, machine,
				hangsUp, again(over(dialer.CauseFailed), time.Second),
			},
			outcome: dialer.OutcomeConnected, state: dialer.StateCompleted, presence: presence.StateWrapUp,
		},
	}
}

// facts are what is known when all is known, of a call that was placed at that time.
func (s script) facts(placed time.Time) dialer.Facts {
	var facts dialer.Facts
	for _, n := range s.news {
		if n.event == telephony.TypeAbandoned && s.agent {
			continue
		}
		facts = facts.Merge(n.facts(placed))
	}
	return facts
}

// facts are what one piece of news says.
func (n news) facts(placed time.Time) dialer.Facts {
	if n.notPlaced {
		return dialer.Facts{NotPlacedAt: placed.Add(n.after)}
	}
	return telephony.Event{Type: n.event, AMD: n.verdict, Cause: n.cause}.Facts(placed.Add(n.after))
}

package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/queue"
)

// historyBehaviours proves that what concurrent callers see has an order: their
// calls could have been made one after another, each at some moment between its
// beginning and its end, with the same answers.
func historyBehaviours(g *group) {
	g.provesAlone("histories of pulls and moves on a few items are linearizable", func(c *campaign) {
		const agentsEach, callsEach, timeout = 5, 16, time.Minute
		for round := range effort(8) {
			var clock, ticks atomic.Int64
			recorders := []*recorder{newRecorder(c.another(), 0, &clock, &ticks), newRecorder(c.another(), 1, &clock, &ticks)}
			histories := make([][]porcupine.Operation, len(recorders)*agentsEach)
			require.NoError(c, together(len(histories), func(i int) (err error) {
				histories[i], err = recorders[i%len(recorders)].record(i/len(recorders), callsEach, round*len(histories)+i)
				return err
			}))
			history := slices.Concat(histories...)
			countInHands(history)
			for _, part := range byCampaign(history) {
				if result := porcupine.CheckOperationsTimeout(historyModel, part, timeout); result != porcupine.Ok {
					c.Fatalf("no order of these calls explains their answers (%s):\n%s", result, describeHistory(part))
				}
			}
		}
	})
}

// historyItems is how many items a history is about, and historyTick how much
// its clock advances with each call, so that locks expire on the way.
const (
	historyItems = 6
	historyTick  = time.Minute
	noItem       = -1
)

// historyCall is what was asked. Agents and items are numbers, items in the
// order in which they are to be pulled.
type historyCall struct {
	campaign, agent int
	move            queue.Move
	item, version   int
	now             time.Duration
	// inHands is how many items the calls of others that were under way at the same
	// time could have had in their hands.
	inHands int
}

// historyAnswer is what came back.
type historyAnswer struct {
	item, version int
	held          bool
	refused       error
}

// historyItem is one item in the model. The zero value waits in the pool.
type historyItem struct {
	state          queue.State
	agent, version int
	expires        time.Duration
}

type historyState [historyItems]historyItem

// historyModel is the specification of one campaign's pool.
//
// A pull may miss an item that somebody else's call has in its hands at that
// moment, as a store that skips locked rows does: that call ends with the item in
// somebody's queue or back in the pool, where the next pull finds it. A call has one
// item in its hands, and a pull may have two: the one it takes, and the one whose
// expired lock it gives up. A pull that overlaps with no other call must find the
// best.
var historyModel = porcupine.Model{
	Partition: byCampaign,
	Init: func() any {
		var state historyState
		for i := range state {
			state[i] = historyItem{state: queue.StateQueued, agent: noItem}
		}
		return state
	},
	Step: func(state, input, output any) (bool, any) {
		s, call, answer := as[historyState](state), as[historyCall](input), as[historyAnswer](output)
		if call.move == queue.MovePull {
			return s.pull(call, answer)
		}
		return s.move(call, answer)
	},
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%s -> %s", input, output)
	},
}

// as gives a value its type back. The checker knows none.
func as[Type any](value any) Type {
	typed, ok := value.(Type)
	if !ok {
		panic(fmt.Sprintf("a history holds a %T", value))
	}
	return typed
}

func byCampaign(history []porcupine.Operation) [][]porcupine.Operation {
	parts := map[int][]porcupine.Operation{}
	for _, operation := range history {
		campaign := as[historyCall](operation.Input).campaign
		parts[campaign] = append(parts[campaign], operation)
	}
	return slices.Collect(maps.Values(parts))
}

func (call historyCall) String() string {
	what := ""
	if call.move != queue.MovePull {
		what = fmt.Sprintf(" item %d version %d", call.item, call.version)
	}
	return fmt.Sprintf("at %3.0fm agent %d: %s%s (others hold up to %d)", call.now.Minutes(), call.agent, call.move, what, call.inHands)
}

func (answer historyAnswer) String() string {
	switch {
	case answer.refused != nil:
		return answer.refused.Error()
	case answer.item == noItem:
		return "nothing"
	case answer.held:
		return fmt.Sprintf("item %d version %d, held", answer.item, answer.version)
	}
	return fmt.Sprintf("item %d version %d", answer.item, answer.version)
}

func (s historyState) pull(call historyCall, answer historyAnswer) (bool, any) {
	for i, item := range s {
		if item.state != queue.StateLocked || item.agent != call.agent {
			continue
		}
		if item.expires > call.now {
			return answer == historyAnswer{item: i, version: item.version, held: true}, s
		}
		s[i] = item.waiting()
	}
	passedOver := 0
	for i, item := range s {
		if !item.available(call.now) {
			continue
		}
		if i == answer.item {
			s[i] = historyItem{
				state: queue.StateLocked, agent: call.agent, version: item.version + 1, expires: call.now + lockFor,
			}
			return passedOver <= call.inHands && answer == historyAnswer{item: i, version: item.version + 1}, s
		}
		passedOver++
	}
	return passedOver <= call.inHands && answer == historyAnswer{item: noItem}, s
}

func (s historyState) move(call historyCall, answer historyAnswer) (bool, any) {
	item := s[call.item]
	to, allowed := call.move.To(item.state)
	switch {
	case item.version != call.version:
		return errors.Is(answer.refused, outdial.ErrConflict), s
	case item.agent != noItem && item.agent != call.agent:
		return errors.Is(answer.refused, outdial.ErrForbidden), s
	case !allowed:
		return errors.Is(answer.refused, outdial.ErrConflict), s
	case to == queue.StateQueued:
		item = item.waiting()
	case call.move == queue.MoveHeartbeat:
		item.expires = call.now + lockFor
	default:
		item.state, item.version, item.expires = to, item.version+1, call.now+lockFor
	}
	s[call.item] = item
	return answer == historyAnswer{item: call.item, version: item.version}, s
}

func (item historyItem) waiting() historyItem {
	return historyItem{state: queue.StateQueued, agent: noItem, version: item.version + 1}
}

func (item historyItem) available(now time.Duration) bool {
	return item.state == queue.StateQueued || item.state == queue.StateLocked && item.expires <= now
}

// recorder lets agents work on one campaign's items and writes down what they
// see.
type recorder struct {
	*campaign

	number int
	team   []uuid.UUID
	index  map[uuid.UUID]int
	items  []uuid.UUID
	clock  *atomic.Int64
	ticks  *atomic.Int64
}

func newRecorder(c *campaign, number int, clock, ticks *atomic.Int64) *recorder {
	r := &recorder{campaign: c, number: number, team: agents(16), index: map[uuid.UUID]int{}, clock: clock, ticks: ticks}
	for i, contact := range c.addCallable(historyItems) {
		priority := historyItems - i
		c.enqueue(queue.EnqueueParams{ContactIDs: []uuid.UUID{contact.ID}, Priority: &priority})
		id := c.activeOf(contact).ID
		r.index[id], r.items = i, append(r.items, id)
	}
	return r
}

// record makes calls for one agent and returns its history, or the first error
// that no caller should see.
func (r *recorder) record(agent, calls, seed int) ([]porcupine.Operation, error) {
	random := choices(seed, 3)
	history := []porcupine.Operation{}
	seen := historyAnswer{item: noItem}
	for range calls {
		call := historyCall{
			campaign: r.number, agent: agent, move: queue.MovePull, now: time.Duration(r.ticks.Add(1)) * historyTick,
		}
		if seen.item != noItem && random.IntN(5) > 0 {
			moves := []queue.Move{queue.MoveGiveBack, queue.MoveGiveBack, queue.MoveGiveBack, queue.MoveHeartbeat, queue.MoveStart}
			call.move, call.item, call.version = moves[random.IntN(len(moves))], seen.item, seen.version
			if random.IntN(6) == 0 {
				call.version--
			}
		}
		operation := porcupine.Operation{ClientId: r.number*len(r.team) + agent, Input: call, Call: r.clock.Add(1)}
		answer, err := r.make(call)
		operation.Output, operation.Return = answer, r.clock.Add(1)
		if err != nil {
			return nil, err
		}
		history = append(history, operation)
		switch {
		case answer.refused != nil:
		case call.move == queue.MoveGiveBack && random.IntN(4) > 0:
			seen.item = noItem
		default:
			seen = answer
		}
	}
	return history, nil
}

// make carries out a call.
func (r *recorder) make(call historyCall) (historyAnswer, error) {
	now := r.now.Add(call.now)
	if call.move == queue.MovePull {
		result, err := r.store.PullItem(r.Context(), queue.PullParams{
			CampaignID: r.id, AgentID: r.team[call.agent], LockFor: lockFor, Now: now,
		})
		if err != nil || result.Item == nil {
			return historyAnswer{item: noItem}, err
		}
		return historyAnswer{item: r.index[result.Item.ID], version: result.Item.LockVersion, held: result.Held}, nil
	}
	result, err := r.store.MoveItem(r.Context(), queue.MoveParams{
		CampaignID: r.id, ItemID: r.items[call.item], AgentID: r.team[call.agent],
		LockVersion: call.version, Move: call.move, LockFor: lockFor, Now: now,
	})
	for _, refusal := range []error{outdial.ErrConflict, outdial.ErrForbidden} {
		if errors.Is(err, refusal) {
			return historyAnswer{item: noItem, refused: refusal}, nil
		}
	}
	return historyAnswer{item: call.item, version: result.Item.LockVersion}, err
}

// countInHands fills in how many items the overlapping calls of others could have
// had in their hands.
func countInHands(history []porcupine.Operation) {
	hands := handsOf(history)
	for i := range history {
		call := as[historyCall](history[i].Input)
		for j := range history {
			other := as[historyCall](history[j].Input)
			if call.campaign == other.campaign && call.agent != other.agent &&
				history[i].Call < history[j].Return && history[j].Call < history[i].Return {
				call.inHands += hands[j]
			}
		}
		history[i].Input = call
	}
}

// handsOf returns how many items each call could have had in its hands, of a history
// in which every agent's calls stand in their order. A second one is only with a
// pull whose agent had locked an item before and was not told that the lock is
// still theirs.
func handsOf(history []porcupine.Operation) []int {
	hands := make([]int, len(history))
	hasLocked := map[int]bool{}
	for i, operation := range history {
		hands[i] = 1
		answer := as[historyAnswer](operation.Output)
		if as[historyCall](operation.Input).move != queue.MovePull {
			continue
		}
		if hasLocked[operation.ClientId] && !answer.held {
			hands[i]++
		}
		hasLocked[operation.ClientId] = hasLocked[operation.ClientId] || answer.item != noItem
	}
	return hands
}

func describeHistory(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var text strings.Builder
	for _, operation := range history {
		fmt.Fprintf(&text, "%4d-%4d %s\n", operation.Call, operation.Return,
			historyModel.DescribeOperation(operation.Input, operation.Output))
	}
	return text.String()
}

// Package bench measures both queues on both engines, each time beside a floor:
// the barest statement that could do the same work, run in the same database in
// the same minute. What counts is the ratio. A time alone says more about the
// machine than about the library.
//
//	make bench                      # everything, on durable servers
//	make bench BENCH=Pull COUNT=5   # some, repeated
//	BENCH_CONTACTS=10000 make bench # a smaller campaign; the default is 100,000
//
// A campaign has 100,000 callable contacts with time-ordered ids in 25,000 accounts
// of four that are scattered over it; one first name in five has a "b" in it.
// Floor and library take turns, and change who goes first, so that noise hits both;
// a ratio is the median of the ratios of the turns. Both tables start each turn
// empty, with the same indexes, and autovacuum leaves them alone.
//
// The floors:
//
//   - ReplaceFirst: one INSERT … SELECT of the same rows, columns and values, in the
//     same order, with ids composed the same way. x-plain-floor is the same with a
//     random id from the database and in no order.
//
//   - ReplaceRepeated: an anti-join in both directions that finds nothing to
//     write.
//
//   - ReplaceFiltered (cap 3, first name contains "B", at most 5,000): one INSERT …
//     SELECT with the filter, one window and a LIMIT.
//
//   - Preview: a count of the contacts that are callable and not yet queued.
//
//   - Pull: the bare claiming statement, prepared, through the same driver and pool.
//     Every agent pulls once, all at the same time; then, off the clock, everybody
//     moves on to the next item.
//
//   - Events: one INSERT … ON CONFLICT DO NOTHING for each event, prepared. The library
//     also merges the event into its call and moves the item, in one transaction.
//
//   - NextDials: the bare claiming statement for fifty items. x-floor-with-same-writes
//     also writes fifty calls and fifty holds, as the library does.
//
//   - Dispositions: the four writes of one that asks for another attempt (item, ledger,
//     disposition, audit entry), prepared, in one transaction. The library also finds
//     and locks the item, asks whether it was recorded before, what the campaign's
//     policy is and whether the contact is on the list.
//
// x-faster-than-seed compares with the queue_replace function of the first
// specification, which releases everything and inserts it again. On SQLite, which
// has no such functions, its statements are run one after another.
// ReplaceBesideOthers is about counts and not time: how many contacts a cap of 3
// leaves an agent when two others hold 30 % each.
//
// The package's tests run every measurement once with a small campaign and check
// that both sides did the same work.
package bench

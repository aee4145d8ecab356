// Package bloom says from memory of most values that they are not on the suppression
// list, so that the database is asked only about those that may be.
//
// A Cache holds a Bloom filter of all entries in the process: two to three bytes for
// each, in which an entry is always found, and another value once in a thousand. An answer is
// as good as the database's. Each call first asks the feed for what was committed since
// the copy was last brought up to date, adds it, and then looks. When that is not
// possible the Cache says that it cannot tell, and its caller asks about everything.
// What leaves the list stays in the filter until it is built anew, and costs a question.
//
// Redis, which may be left out, is never on the way of an answer. It holds one finished
// filter for all processes, so that one that starts reads a few megabytes instead of
// the whole list, and it carries the news that the list has changed from one process
// to the others. Whatever is in Redis is either a filter that somebody published whole,
// of this list and this way of making filters, or as good as nothing; then the process
// reads the list and publishes what it has built. When Redis is gone, flushed, slow or
// wrong, processes go on with the copies they have. See Metrics for how it shows.
//
// Whoever may write to the key in Redis may take somebody out of the filter, on purpose
// though never by accident, and CheckMany would then not see them. The claims would:
// they ask the database, and nothing else.
package bloom

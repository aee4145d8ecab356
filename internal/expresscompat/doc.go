// Package expresscompat holds the test that a host's first Express routes, which
// call the SQL functions queue_replace, clear_my_queue and clear_all_queues, work
// unchanged on a migrated database. It needs node and npm and runs with
//
//	make test-express
//
// The tests of store/postgres make the same calls without node.
package expresscompat

// Package storetest proves that a database carries outdial: it is the
// conformance suite that store/postgres and store/sqlite pass, and that any other
// store.Store can be held against. A sentence in the documentation of the Store
// interfaces is a promise to everybody above; here each has a test that quotes
// it.
//
// A store of one's own needs one test:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) store.Store {
//			st := acme.Open(t.TempDir())
//			t.Cleanup(func() { _ = st.Close() })
//			if err := st.Migrate(t.Context()); err != nil {
//				t.Fatal(err)
//			}
//			return st
//		}, storetest.Features{})
//	}
//
// That runs what can be proved through the interface alone. Each field of
// Features that is filled in opens a view the interface does not give, such as
// the audit log or a host's own transaction, and with it the behaviours that need
// it; what is skipped for want of one is printed when the suite ends.
//
// A suite of examples finds the mistakes its author thought of. Five parts go
// further:
//
//   - Model and PowerModel draw random sequences of calls and compare every answer,
//     and every item after every step, with a plain program that says the same as
//     the documentation;
//   - DispositionModel draws random sequences of pulls, calls, dispositions and
//     corrections, and balances the books after every step: no contact exceeds their
//     caps, nothing suppressed is queued, who is finished never comes back, and every
//     attempt is accounted for;
//   - Concurrency, PowerConcurrency and DispositionConcurrency let many callers meet
//     and count afterwards: every claim made once, nothing lost, no contact active
//     twice and no phone in two calls at any moment, one effect of what is delivered
//     twenty times, no do_not_call forgotten;
//   - EventOrders plays realistic calls in every order of their events, and repeats
//     some: all of them have one end;
//   - Histories records what concurrent callers saw and looks for an order of
//     their calls that explains it.
//
// The package's own tests hold the suite against about four hundred stores that
// each make one mistake, and require it to find every one.
package storetest

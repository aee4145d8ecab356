// Package house holds the tests that keep the tree in order: which package may
// import which, which libraries stay in tests, and what a file may look like.
// The linter checks the imports too; here they are checked wherever the tests
// run, with nothing to install.
//
// The rules are the tables in house_test.go. A new package that no row covers
// fails the test until somebody says where it stands.
package house

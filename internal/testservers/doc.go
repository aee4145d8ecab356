// Command testservers runs a command beside throw-away PostgreSQL and Redis
// servers, so that a test suite needs nothing set up beforehand.
//
//	go run ./internal/testservers [-durable] [-cc] [-grace 10s] -- go test ./...
//
// The command gets TEST_DATABASE_URL, whose user may create databases, and
// TEST_REDIS_URL. One that is already set is passed on and its server is not
// started. Server binaries that the machine lacks are installed with apt-get
// or brew.
//
// The exit code is the command's; 128+n when signal n ended it; 125 when the
// servers could not be started; 126 or 127 when the command could not. (go run
// itself turns every one of them but 0 into 1.)
//
// SIGINT, SIGTERM and SIGHUP go to the command first. The servers stop and
// their files go once it has ended, or was killed for not ending within the
// grace period. On Linux the servers also die when testservers is killed.
package main

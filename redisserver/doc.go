// Package redisserver keeps the private redis-server of a house that runs as
// one node: a child process on a Unix socket with an append-only file, which
// dies with its parent. It also judges a Redis that somebody else keeps.
package redisserver

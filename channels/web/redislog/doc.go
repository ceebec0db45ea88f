// Package redislog keeps the conversations of the web chat in Redis. Each
// message is one script, so that it is there once, with its number, or not at
// all; and it is in the append-only file before the citizen hears of it.
package redislog

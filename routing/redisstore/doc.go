// Package redisstore keeps the queue in Redis: each command is one Lua script
// on the keys of one hash tag, held step by step to the specification in
// memstore. It is the only store for production.
package redisstore

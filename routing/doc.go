// Package routing decides who serves whom. Every waiting contact stands in one
// queue; a contact and a free agent meet in one atomic step, the reservation,
// which carries a rising token. The package declares the Queue and its words;
// memstore is the specification in plain Go, redisstore the real one.
package routing

// Package redissessions keeps desk sessions, and the counts of wrong passwords,
// in Redis: all nodes see one truth, and it survives the death of a node.
package redissessions

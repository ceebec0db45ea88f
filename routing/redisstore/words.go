package redisstore

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hotline/contact"
	"hotline/routing"
)

// The scripts take lists and maps as words: no name has a comma, colon,
// semicolon or equals sign.

func join(buckets []routing.Bucket) string {
	names := make([]string, len(buckets))
	for i, b := range buckets {
		names[i] = string(b)
	}
	return strings.Join(names, ",")
}

// joinMap writes "general=0,tax=1", sorted.
func joinMap[K ~string](m map[K]int) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s=%d", k, m[k]))
	}
	return strings.Join(parts, ",")
}

// joinSteps writes "10000:general,tax;60000:en", in milliseconds.
func joinSteps(steps []routing.Step) string {
	parts := make([]string, len(steps))
	for i, s := range steps {
		parts[i] = strconv.FormatInt(s.After.Milliseconds(), 10) + ":" + join(s.Add)
	}
	return strings.Join(parts, ";")
}

// joinSet writes the classes that are true, sorted.
func joinSet(m map[contact.Class]bool) string {
	var names []string
	for _, class := range slices.Sorted(maps.Keys(m)) {
		if m[class] {
			names = append(names, string(class))
		}
	}
	return strings.Join(names, ",")
}

// splitSlots reads "message=3,voice=1".
func splitSlots(text string) map[contact.Class]int {
	slots := map[contact.Class]int{}
	for part := range strings.SplitSeq(text, ",") {
		class, n, ok := strings.Cut(part, "=")
		if count, err := strconv.Atoi(n); ok && err == nil {
			slots[contact.Class(class)] = count
		}
	}
	return slots
}

// splitBuckets reads "general,tax".
func splitBuckets(text string) []routing.Bucket {
	var buckets []routing.Bucket
	for name := range strings.SplitSeq(text, ",") {
		if name != "" {
			buckets = append(buckets, routing.Bucket(name))
		}
	}
	return buckets
}

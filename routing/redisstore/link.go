package redisstore

import (
	"regexp"
	"slices"
	"strings"
)

// link puts in front of a script what it needs of the shared text. Redis makes
// each function of a script anew at each call, and the more there are the longer
// each takes: all of them would cost more than what a script does.
//
// A block of the shared text ends with an empty line, so no function may have
// one. A block without functions is always needed.
func link(shared, body string) string {
	needed := map[string]bool{}
	use := func(text string) {
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
			needed[word] = true
		}
	}
	parts := []string{body}
	use(uncommented(body))
	for _, block := range slices.Backward(strings.Split(shared, "\n\n")) {
		code := uncommented(block)
		names := regexp.MustCompile(`(?m)^local function (\w+)`).FindAllStringSubmatch(code, -1)
		wanted := len(names) == 0 || slices.ContainsFunc(names, func(m []string) bool { return needed[m[1]] })
		if wanted && strings.TrimSpace(code) != "" {
			use(code)
			parts = append(parts, code)
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "\n")
}

// uncommented drops the comments: they would only make the script longer.
func uncommented(text string) string {
	return regexp.MustCompile(`(?m)(^| )--.*$`).ReplaceAllString(text, "")
}

package routing

import (
	"fmt"
	"slices"
	"time"
)

// The functions of a condition.
const (
	ofFree    = "free"    // seats of a group that have nothing to do
	ofWaiting = "waiting" // contacts that wait in a queue
	ofWait    = "ewt"     // how long who comes to a queue now will wait
	ofStaffed = "staffed" // seats of a queue that are there
)

// parseCondition reads an expression over queues' loads.
func parseCondition(text string) (expression, error) {
	e, err := parseExpression(text)
	if err != nil {
		return expression{}, err
	}
	return e, e.each(comparison.checkLoad)
}

// each asks all comparisons.
func (e expression) each(check func(comparison) error) error {
	if e.compare != nil {
		return check(*e.compare)
	}
	for _, part := range e.of {
		if err := part.each(check); err != nil {
			return err
		}
	}
	return nil
}

func (c comparison) checkLoad() error {
	switch {
	case c.function == ofFree:
		return fmt.Errorf("column %d: free() changes while a contact waits: it belongs into a step", c.at)
	case !slices.Contains([]string{ofWaiting, ofWait, ofStaffed}, c.function):
		return fmt.Errorf("column %d: want waiting(queue), ewt(queue) or staffed(queue)", c.at)
	case c.name == "":
		return fmt.Errorf("column %d: %s() of which queue?", c.at, c.function)
	case c.operator == "":
		return fmt.Errorf("column %d: %s() must be compared with something", c.at, c.function)
	case c.timed != (c.function == ofWait):
		return fmt.Errorf("column %d: ewt() is compared with a duration such as 5m, all else with a number", c.at)
	}
	return nil
}

// holds judges the condition. What is not known holds for nothing; known is
// false when that was asked.
func (e expression) holds(load func(queue string) Load) (holds, known bool) {
	if e.compare != nil {
		l := load(e.compare.name)
		return l.Known && e.compare.holds(l), l.Known
	}
	holds, known = e.word == "and", true
	for _, part := range e.of {
		h, k := part.holds(load)
		known = known && k
		if e.word == "and" {
			holds = holds && h
		} else {
			holds = holds || h
		}
	}
	return holds, known
}

func (c comparison) holds(l Load) bool {
	switch c.function {
	case ofWait:
		return compared(l.Wait, c.operator, c.duration)
	case ofWaiting:
		return compared(l.Waiting, c.operator, c.number)
	default:
		return compared(l.Staffed, c.operator, c.number)
	}
}

func compared[T int | time.Duration](a T, operator string, b T) bool {
	switch operator {
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case "==":
		return a == b
	default:
		return a != b
	}
}

// parseReserve reads "free(x) > n": how many seats of what a step adds must
// stay free. x is what is added, or left out.
func parseReserve(text string, added need) (int, error) {
	e, err := parseExpression(text)
	if err != nil {
		return 0, err
	}
	c := e.compare
	switch {
	case c == nil || c.function != ofFree || c.operator != ">" && c.operator != ">=" || c.timed:
		return 0, fmt.Errorf("a step's condition is free(x) > n; waiting(), ewt() and staffed() belong into overflow")
	case c.name != "" && (len(added) != 1 || added[0].bucket() != Bucket(c.name)):
		return 0, fmt.Errorf("column %d: free() is of what the step adds; write free()", c.at)
	}
	reserve := c.number
	if c.operator == ">=" {
		reserve--
	}
	if reserve < 0 || reserve > largestReserve {
		return 0, fmt.Errorf("column %d: the reserve goes from 0 to %d", c.at, largestReserve)
	}
	return reserve, nil
}

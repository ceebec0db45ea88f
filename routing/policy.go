package routing

import (
	"time"

	"hotline/calendar"
	"hotline/contact"
)

// Policy is who serves what, and when. The zero Policy lets each line's skill
// serve it at all hours.
type Policy struct {
	Pick       Pick                       `yaml:"pick" default:"specialist-first" doc:"Of several free agents: specialist-first (who has the fewest other skills), or longest-idle."`
	Skills     []string                   `yaml:"skills" doc:"All skills there are; others are refused. Empty: those of the lines."`
	Groups     []Group                    `yaml:"groups" doc:"Skills that several agents have for a time, beside those of their accounts."`
	Channels   map[contact.Class]Capacity `yaml:"channels" doc:"What one agent takes at once of voice and message; unnamed: one call that excludes messages, and three messages."`
	Limits     map[string]Limit           `yaml:"limits" doc:"Of single accounts, by their ID."`
	Priorities map[string]Priority        `yaml:"priorities" doc:"Ranks by name. Known unless named otherwise: normal (band 1) and emergency (band 0). One called returning is given to who was cut off and comes again."`
	Calendars  map[string]calendar.Config `yaml:"calendars" doc:"Hours by name."`
	Queues     map[string]QueueRule       `yaml:"queues" doc:"Who waits for whom, by name."`
	Refusals   Refusals                   `yaml:"refusals" doc:"What an offer that came to nothing means for the agent."`
	Callbacks  CallbackRule               `yaml:"callbacks" doc:"How citizens are called back."`
}

// Pick says which of several free seats is offered a contact.
type Pick string

// The picks. Ties go to the seat that has had nothing to do for longest.
const (
	SpecialistFirst Pick = "specialist-first"
	LongestIdle     Pick = "longest-idle"
)

// Group gives a skill to several agents, for a time.
type Group struct {
	Name   string            `yaml:"name" required:"true" doc:"Short name of the group."`
	Skill  string            `yaml:"skill" required:"true" doc:"The skill its members have."`
	Level  int               `yaml:"level" default:"1" doc:"At which level, 1 to 9."`
	Agents []contact.AgentID `yaml:"agents" doc:"Its members' accounts."`
	From   string            `yaml:"from" doc:"First day, such as 2026-10-01; empty for always."`
	Until  string            `yaml:"until" doc:"Last day; empty for always."`
}

// Capacity is what a seat takes of one class.
type Capacity struct {
	Slots    int             `yaml:"slots" default:"1" doc:"How many at once."`
	Excludes []contact.Class `yaml:"excludes" doc:"Classes of which the agent gets nothing new meanwhile."`
}

// Limit is an account's own capacity; it never raises that of the policy.
type Limit struct {
	Voice   int `yaml:"voice" default:"100" doc:"Calls at once, at most."`
	Message int `yaml:"message" default:"100" doc:"Conversations at once, at most."`
}

// Priority is a rank.
type Priority struct {
	Band   int           `yaml:"band" default:"1" doc:"Strict rank, 0 first."`
	Credit time.Duration `yaml:"credit" doc:"Head start within the band."`
}

// QueueRule is one queue: who serves it, in which steps, and what happens when
// nobody does.
type QueueRule struct {
	Need     []string   `yaml:"need" doc:"Who belongs to the queue; each entry must hold: general, enterprise >= 2, en and enterprise, tax or social."`
	Steps    []StepRule `yaml:"steps" doc:"Who is asked when; empty: all who belong to the queue, from the start. Steps only widen."`
	Sticky   Sticky     `yaml:"sticky" doc:"The agent who served the citizen last; for queues whose first step wants sticky."`
	Overflow []Overflow `yaml:"overflow" doc:"What else happens to a contact that comes in while a condition holds."`
	Calendar string     `yaml:"calendar" doc:"Hours of the queue, of routing.calendars; empty for always."`
	Closed   Closed     `yaml:"closed" doc:"What happens outside the hours."`
	Wait     Patience   `yaml:"wait" doc:"How long a contact waits."`
}

// StepRule widens the circle of who is asked.
type StepRule struct {
	After time.Duration `yaml:"after" doc:"Since the contact began to wait."`
	Want  string        `yaml:"want" doc:"All who are asked from now on, at least who was before: enterprise >= 2; or sticky, as the first step."`
	Add   string        `yaml:"add" doc:"Who is asked in addition."`
	If    string        `yaml:"if" doc:"With add: only while so many of those added have nothing to do, as in free(enterprise) > 2."`
}

// Sticky brings a citizen back to the same agent.
type Sticky struct {
	Hold    time.Duration `yaml:"hold" default:"10s" doc:"How long the contact waits for that agent alone, when it is there; the next step's after counts when it is more."`
	Expires time.Duration `yaml:"expires" default:"168h" doc:"How long after the last contact."`
}

// Overflow does something with a contact that comes in while If holds: Queue
// or Callback.
type Overflow struct {
	If       string `yaml:"if" required:"true" doc:"Over waiting(queue), ewt(queue) and staffed(queue), as in waiting(public) > 200 or ewt(public) > 5m. What is not known does not hold."`
	Queue    string `yaml:"queue" doc:"All who belong to this queue are asked too, from the start, while it is open."`
	Callback bool   `yaml:"callback" doc:"A call-back is offered at once."`
}

// Closed is what a citizen is told, and where the contact goes instead.
type Closed struct {
	Message string `yaml:"message" doc:"Name of the prompt or message."`
	Then    Target `yaml:"then" doc:"Where the contact goes; nowhere: it is refused."`
}

// Target is where a contact goes.
type Target struct {
	Queue string `yaml:"queue" doc:"Another queue."`
}

// Patience bounds waiting.
type Patience struct {
	Callback   time.Duration `yaml:"callback" doc:"A call-back is offered after so long; 0s: as callbacks.after says."`
	NoCallback bool          `yaml:"no_callback" default:"false" doc:"No call-back is offered, whatever callbacks.after says."`
	Max        time.Duration `yaml:"max" doc:"Nobody waits longer; 0s for no bound."`
	Then       string        `yaml:"then" doc:"At max: callback, or empty for a goodbye. Messages never end so, they wait on."`
}

// Refusals is what an offer that came to nothing means for the agent.
type Refusals struct {
	CoolDown time.Duration `yaml:"cool_down" default:"30s" doc:"Who refused is offered nothing for so long."`
	Missed   int           `yaml:"missed" default:"1" doc:"Who let so many offers in a row ring out is not ready until they say so; before that they cool down."`
}

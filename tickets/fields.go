package tickets

import "time"

// Fields is the form as the agent fills it, in the order of talk. In a draft
// every field may be empty; Register names what is missing.
type Fields struct {
	Requester      Requester     `json:"requester"`
	Place          Place         `json:"place"`
	Title          string        `json:"title"`   // ≤ 50 characters
	Content        string        `json:"content"` // ≤ 4000 characters
	OccurredAt     *time.Time    `json:"occurred_at,omitempty"`
	Respondent     Respondent    `json:"respondent"`
	Category       Category      `json:"category"`
	Nature         Nature        `json:"nature,omitempty"`
	ItemCode       string        `json:"item_code"`
	Urgency        Urgency       `json:"urgency"`
	Complex        bool          `json:"complex"`
	Disposition    Disposition   `json:"disposition"`
	Answer         Answer        `json:"answer"`
	LeadUnit       string        `json:"lead_unit,omitempty"`
	DeadlineClass  DeadlineClass `json:"deadline_class,omitempty"`
	OverrideReason string        `json:"override_reason,omitempty"`
	Language       string        `json:"language,omitempty"` // BCP 47
}

// Requester is who asks (诉求人).
type Requester struct {
	Name         string `json:"name,omitempty"`
	Kind         string `json:"kind"`            // natural or legal
	Phone        string `json:"phone,omitempty"` // E.164
	AltContact   string `json:"alt_contact,omitempty"`
	OrgName      string `json:"org_name,omitempty"`
	Confidential bool   `json:"confidential"`
	Anonymous    bool   `json:"anonymous"`
	ReplyWanted  bool   `json:"reply_wanted"`
}

// Place is where it happened (事发地址).
type Place struct {
	Address      string `json:"address,omitempty"`
	DivisionCode string `json:"division_code,omitempty"` // 12 digits (行政区划代码)
	None         bool   `json:"none,omitempty"`          // the matter has no place
}

// Respondent is whom the matter is about (被反映对象).
type Respondent struct {
	Name string `json:"name,omitempty"`
}

// Answer is what the agent told the citizen at once (答复内容).
type Answer struct {
	Text string `json:"text,omitempty"`
}

// Category is the kind of request (诉求类别), the city's four.
type Category string

// The categories: 咨询, 投诉, 建议, 应急.
const (
	Consultation Category = "consultation"
	Complaint    Category = "complaint"
	Suggestion   Category = "suggestion"
	Emergency    Category = "emergency"
)

// Nature is the statistical nature (诉求性质).
type Nature string

// The natures: 咨询, 求助, 投诉, 举报, 建议, 表扬.
const (
	NatureConsult    Nature = "consult"
	NatureHelp       Nature = "help"
	NatureComplaint  Nature = "complaint"
	NatureReport     Nature = "report"
	NatureSuggestion Nature = "suggestion"
	NaturePraise     Nature = "praise"
)

// Urgency (紧急程度): 一般, 紧急, 特急.
type Urgency string

// The urgencies.
const (
	Normal   Urgency = "normal"
	Urgent   Urgency = "urgent"
	Critical Urgency = "critical"
)

// Disposition (处理方式): 直接答复 or 派单.
type Disposition string

// The dispositions of this version.
const (
	Answered   Disposition = "answered"
	Dispatched Disposition = "dispatched"
)

// DeadlineClass (办理时限): 2 h, 24 h, 7 days, 15 days.
type DeadlineClass string

// The deadline classes.
const (
	H2  DeadlineClass = "H2"
	H24 DeadlineClass = "H24"
	D7  DeadlineClass = "D7"
	D15 DeadlineClass = "D15"
)

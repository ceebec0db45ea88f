package tickets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Codes of field errors.
const (
	codeRequired = "required"
	codeTooLong  = "too_long"
	codeUnknown  = "unknown"
	codeInvalid  = "invalid"
)

// Lengths, in characters.
const (
	maxTitle   = 50
	maxContent = 4000 // the limit of Open311
	maxName    = 100
	maxAddress = 200
	maxReason  = 200
)

// checker collects what is wrong with a form.
type checker struct {
	f    Fields
	d    *Directory
	now  time.Time
	errs FieldErrors
}

// check names everything that keeps a form from being registered.
func check(f Fields, d *Directory, now time.Time) error {
	c := &checker{f: f, d: d, now: now}
	c.requester()
	c.place()
	c.matter()
	c.kinds()
	c.disposition()
	return c.result()
}

// checkKnown names codes and values that are filled and unknown; empty ones pass.
func checkKnown(f Fields, d *Directory) error {
	c := &checker{f: f, d: d}
	c.division(false)
	c.item(false)
	oneOf(c, "category", f.Category, categories(), false)
	oneOf(c, "urgency", f.Urgency, urgencies(), false)
	return c.result()
}

func (c *checker) result() error {
	if len(c.errs) == 0 {
		return nil
	}
	return c.errs
}

func (c *checker) wrong(field, code, message string) {
	c.errs = append(c.errs, FieldError{Field: field, Code: code, Message: message})
}

func (c *checker) missing(field string) { c.wrong(field, codeRequired, "必填 / is required") }

func (c *checker) requester() {
	r := c.f.Requester
	oneOf(c, "requester.kind", r.Kind, []string{"natural", "legal"}, true)
	c.line("requester.name", r.Name, maxName, false)
	c.line("requester.alt_contact", r.AltContact, maxName, false)
	c.line("requester.org_name", r.OrgName, maxName, false)
	if r.Phone != "" && !e164(r.Phone) {
		c.wrong("requester.phone", codeInvalid, "不是有效的电话号码 / not a phone number")
	}
}

func (c *checker) place() {
	if c.f.Place.None {
		c.line("place.address", c.f.Place.Address, maxAddress, false)
		c.division(false)
		return
	}
	c.line("place.address", c.f.Place.Address, maxAddress, true)
	c.division(true)
}

func (c *checker) division(required bool) {
	const field = "place.division_code"
	code := c.f.Place.DivisionCode
	switch _, known := c.d.Division(code); {
	case code == "" && required:
		c.missing(field)
	case code == "", known:
	case !divisionCode(code):
		c.wrong(field, codeInvalid, "应为12位数字 / want 12 digits")
	default:
		c.wrong(field, codeUnknown, "行政区划代码不存在 / no such division")
	}
}

func (c *checker) matter() {
	c.line("title", c.f.Title, maxTitle, true)
	c.text("content", c.f.Content, maxContent, true)
	c.line("respondent.name", c.f.Respondent.Name, maxName, false)
	if at := c.f.OccurredAt; at != nil && (at.After(c.now.Add(5*time.Minute)) || at.Year() < 1949) {
		c.wrong("occurred_at", codeInvalid, "事发时间不合理 / not a time it can have happened at")
	}
	if c.f.Language != "" && !languageTag(c.f.Language) {
		c.wrong("language", codeInvalid, "应为BCP 47语种标签 / want a BCP 47 tag")
	}
}

func (c *checker) kinds() {
	oneOf(c, "category", c.f.Category, categories(), true)
	oneOf(c, "nature", c.f.Nature, natures(), false)
	oneOf(c, "urgency", c.f.Urgency, urgencies(), true)
	c.item(true)
}

func (c *checker) item(required bool) {
	const field = "item_code"
	code := c.f.ItemCode
	switch _, known := c.d.Item(code); {
	case code == "" && required:
		c.missing(field)
	case code == "", known:
	default:
		c.wrong(field, codeUnknown, "事项编码不在目录中 / no such item in the directory")
	}
}

func (c *checker) disposition() {
	oneOf(c, "disposition", c.f.Disposition, dispositions(), true)
	c.text("answer.text", c.f.Answer.Text, maxContent, c.f.Disposition == Answered)
	c.line("override_reason", c.f.OverrideReason, maxReason, false)
	dispatched := c.f.Disposition == Dispatched
	c.unit(dispatched)
	oneOf(c, "deadline_class", c.f.DeadlineClass, classes(), dispatched)
	if dispatched && len(c.errs) == 0 {
		c.override()
	}
}

func (c *checker) unit(required bool) {
	const field = "lead_unit"
	code := c.f.LeadUnit
	switch _, known := c.d.Unit(code); {
	case code == "" && required:
		c.missing(field)
	case code == "", known:
	default:
		c.wrong(field, codeUnknown, "承办单位不在目录中 / no such unit in the directory")
	}
}

// override: another unit, or more time, than the directory proposes is to be
// explained; less time is free.
func (c *checker) override() {
	p := c.d.propose(c.f, c.now)
	other := p.Unit.Code != "" && c.f.LeadUnit != p.Unit.Code
	if (other || longer(c.f.DeadlineClass, p.DeadlineClass)) && c.f.OverrideReason == "" {
		c.wrong("override_reason", codeRequired, "与目录建议不同，须说明理由 / differs from the proposal: say why")
	}
}

// line is one line of text.
func (c *checker) line(field, text string, limit int, required bool) {
	c.textOf(field, text, limit, required, func(r rune) bool { return unicode.IsControl(r) })
}

// text may have several lines.
func (c *checker) text(field, text string, limit int, required bool) {
	c.textOf(field, text, limit, required, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) })
}

func (c *checker) textOf(field, text string, limit int, required bool, forbidden func(rune) bool) {
	switch n := utf8.RuneCountInString(text); {
	case required && strings.TrimSpace(text) == "":
		c.missing(field)
	case n > limit:
		c.wrong(field, codeTooLong, fmt.Sprintf("最多%d字，现为%d字 / at most %d characters, has %d", limit, n, limit, n))
	case !utf8.ValidString(text), strings.ContainsFunc(text, forbidden):
		c.wrong(field, codeInvalid, "含有不可用字符 / has characters that cannot be kept")
	}
}

func oneOf[T ~string](c *checker, field string, got T, all []T, required bool) {
	switch {
	case got == "" && required:
		c.missing(field)
	case got == "", slices.Contains(all, got):
	default:
		c.wrong(field, codeUnknown, fmt.Sprintf("取值应为%v之一 / want one of %v", all, all))
	}
}

func e164(s string) bool { return regexp.MustCompile(`^\+[1-9]\d{6,14}$`).MatchString(s) }

func languageTag(s string) bool {
	return len(s) <= 35 && regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`).MatchString(s)
}

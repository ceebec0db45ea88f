package desk

import (
	"context"
	"errors"
	"net/http"

	"hotline/channels"
	"hotline/routing"
	"hotline/session"
	"hotline/tickets"
)

// Code is the closed list of error codes of the protocol.
type Code string

// The codes.
const (
	InvalidJSON     Code = "invalid_json"
	UnknownField    Code = "unknown_field"
	InvalidField    Code = "invalid_field"
	Unauthenticated Code = "unauthenticated"
	Forbidden       Code = "forbidden"
	NotFound        Code = "not_found"
	Conflict        Code = "conflict"
	Stale           Code = "stale"
	NotReadyCode    Code = "not_ready"
	Locked          Code = "locked"
	TooLarge        Code = "too_large"
	RateLimited     Code = "rate_limited"
	Unavailable     Code = "unavailable"
	InternalCode    Code = "internal"
)

// Problem is an error as a desk sees it. Message is for people, in Chinese and
// English, and holds no personal data; Cause is for the log only.
type Problem struct {
	Code    Code                 `json:"code"`
	Message string               `json:"message"`
	Field   string               `json:"field,omitempty"`
	Fields  []tickets.FieldError `json:"fields,omitempty"`
	Until   stamp                `json:"until,omitzero"`
	Cause   error                `json:"-"`
}

// Error is for the log.
func (p *Problem) Error() string {
	text := "desk: " + string(p.Code)
	if p.Field != "" {
		text += " " + p.Field
	}
	if p.Cause != nil {
		text += ": " + p.Cause.Error()
	}
	return text
}

func (p *Problem) Unwrap() error { return p.Cause }

// Status is the HTTP status that belongs to the code.
func (p *Problem) Status() int {
	switch p.Code {
	case InvalidJSON, UnknownField:
		return http.StatusBadRequest
	case InvalidField:
		if len(p.Fields) > 0 {
			return http.StatusUnprocessableEntity
		}
		return http.StatusBadRequest
	case Unauthenticated:
		return http.StatusUnauthorized
	case Forbidden:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict, Stale, NotReadyCode:
		return http.StatusConflict
	case Locked:
		return http.StatusLocked
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case RateLimited:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	case InternalCode:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// errorBody is how a problem travels, on REST and on the socket.
type errorBody struct {
	Error *Problem `json:"error"`
}

func problem(c Code, message string) *Problem { return &Problem{Code: c, Message: message} }

func wrongField(field, message string) *Problem {
	return &Problem{Code: InvalidField, Field: field, Message: message}
}

// problemOf turns any error into one a desk may see; what it does not know is internal.
func problemOf(err error) *Problem {
	var known *Problem
	var fields tickets.FieldErrors
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &fields):
		return formProblem(fields)
	case errors.Is(err, routing.ErrStale):
		return &Problem{Code: Stale, Message: "来电已由他人处理 / somebody else was faster", Cause: err}
	case errors.Is(err, session.ErrNotYours), errors.Is(err, tickets.ErrNotFound):
		return &Problem{Code: NotFound, Message: "没有这条记录 / not found", Cause: err}
	case errors.Is(err, channels.ErrReused):
		return &Problem{Code: Conflict, Field: "cmid", Message: "该编号已用于另一条消息 / the id was used for another text", Cause: err}
	case errors.Is(err, channels.ErrClosed):
		return &Problem{Code: Conflict, Message: "会话已结束 / the conversation is over", Cause: err}
	case errors.Is(err, session.ErrState):
		return &Problem{Code: Conflict, Message: "当前状态不能这样操作 / not possible now", Cause: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, routing.ErrFenced):
		return &Problem{Code: Unavailable, Message: "暂时不可用,请重试 / not available, try again", Cause: err}
	default:
		return &Problem{Code: InternalCode, Message: "系统内部错误 / internal error", Cause: err}
	}
}

// formProblem names every wrong field of a form.
func formProblem(fields tickets.FieldErrors) *Problem {
	p := &Problem{Code: InvalidField, Message: "表单有误 / the form is wrong", Fields: fields, Cause: fields}
	if len(fields) > 0 {
		p.Field, p.Message = fields[0].Field, fields[0].Message
	}
	return p
}

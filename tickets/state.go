package tickets

// State is where a ticket stands (状态).
type State string

// The states of the whole life; this version drives a ticket as far as
// HandedOff or AnsweredOnContact.
const (
	Drafted              State = "draft"
	Accepted             State = "accepted"
	AnsweredOnContact    State = "answered"
	EmergencyTransferred State = "emergency_transferred"
	Declined             State = "declined"
	Merged               State = "merged"
	HandedOff            State = "handed_off"
	Acked                State = "acked"
	Working              State = "working"
	AwaitingRequester    State = "awaiting_requester"
	Suspended            State = "suspended"
	Arbitration          State = "arbitration"
	Reported             State = "reported"
	Evaluated            State = "evaluated"
	Closed               State = "closed"
	Withdrawn            State = "withdrawn"
)

// Action is what moves a ticket (环节).
type Action string

// The actions.
const (
	ActRegister     Action = "register"
	ActAnswer       Action = "answer"
	ActMerge        Action = "merge"
	ActDecline      Action = "decline"
	ActEmergency    Action = "transfer_emergency"
	ActDispatch     Action = "dispatch"
	ActAck          Action = "ack"
	ActStart        Action = "start"
	ActReturn       Action = "return"
	ActUphold       Action = "uphold"
	ActOverrule     Action = "overrule"
	ActContact      Action = "contact"
	ActWhistle      Action = "whistle"
	ActAsk          Action = "ask"
	ActReply        Action = "reply"
	ActSuspend      Action = "suspend"
	ActResume       Action = "resume"
	ActExtend       Action = "extend"
	ActReport       Action = "report"
	ActRejectReport Action = "reject_report"
	ActEvaluate     Action = "evaluate"
	ActRedo         Action = "redo"
	ActClose        Action = "close"
	ActWithdraw     Action = "withdraw"
	ActReopen       Action = "reopen"
)

// Who may act.
const (
	byOperator = "operator"
	byRules    = "rules"
	byUnit     = "unit"
	byCenter   = "center"
	byCitizen  = "citizen"
	bySystem   = "system"
)

// Arrow is one line of a state table, for both sub-machines and documents.
type Arrow struct {
	From, Event, To string
	Who             string // operator, rules, unit, center, citizen, system
}

type arrow struct {
	from State
	by   Action
	to   State
	who  string
}

func arrows() []arrow {
	return []arrow{
		{Drafted, ActRegister, Accepted, byOperator},
		{Accepted, ActAnswer, AnsweredOnContact, byOperator},
		{Accepted, ActMerge, Merged, byOperator},
		{Accepted, ActDecline, Declined, byOperator},
		{Accepted, ActEmergency, EmergencyTransferred, byOperator},
		{Accepted, ActDispatch, HandedOff, byRules},
		{Arbitration, ActDispatch, HandedOff, byCenter},
		{HandedOff, ActAck, Acked, byUnit},
		{Acked, ActStart, Working, byUnit},
		{HandedOff, ActReturn, Arbitration, byUnit},
		{Acked, ActReturn, Arbitration, byUnit},
		{Arbitration, ActUphold, HandedOff, byCenter},
		{Arbitration, ActOverrule, HandedOff, byCenter},
		{Acked, ActContact, Acked, byUnit},
		{Working, ActContact, Working, byUnit},
		{Working, ActWhistle, Working, byUnit},
		{Working, ActAsk, AwaitingRequester, byUnit},
		{AwaitingRequester, ActReply, Working, byCitizen},
		{Working, ActSuspend, Suspended, byCenter},
		{Suspended, ActResume, Working, byCenter},
		{Working, ActExtend, Working, byCenter},
		{Working, ActReport, Reported, byUnit},
		{Reported, ActRejectReport, Working, byCenter},
		{Reported, ActEvaluate, Evaluated, bySystem},
		{AnsweredOnContact, ActEvaluate, Evaluated, bySystem},
		{EmergencyTransferred, ActEvaluate, Evaluated, bySystem},
		{Evaluated, ActRedo, Working, byCenter},
		{Evaluated, ActClose, Closed, byCenter},
		{Accepted, ActWithdraw, Withdrawn, byCitizen},
		{HandedOff, ActWithdraw, Withdrawn, byCitizen},
		{Acked, ActWithdraw, Withdrawn, byCitizen},
		{Working, ActWithdraw, Withdrawn, byCitizen},
		{AwaitingRequester, ActWithdraw, Withdrawn, byCitizen},
		{Suspended, ActWithdraw, Withdrawn, byCitizen},
		{Arbitration, ActWithdraw, Withdrawn, byCitizen},
		{Closed, ActReopen, Accepted, byCitizen},
	}
}

// States is the ticket's state table, for docs/states.md.
func States() []Arrow {
	table := arrows()
	lines := make([]Arrow, len(table))
	for i, a := range table {
		lines[i] = Arrow{From: string(a.from), Event: string(a.by), To: string(a.to), Who: a.who}
	}
	return lines
}

// next is where act leads from a state; false when the table has no such arrow.
func next(from State, act Action) (State, bool) {
	for _, a := range arrows() {
		if a.from == from && a.by == act {
			return a.to, true
		}
	}
	return from, false
}

// Text is the state in Chinese, as people read it.
func (s State) Text() string {
	switch s {
	case Drafted:
		return "草稿"
	case Accepted:
		return "已受理"
	case AnsweredOnContact:
		return "已直接答复"
	case EmergencyTransferred:
		return "已转紧急处置"
	case Declined:
		return "不予受理"
	case Merged:
		return "已并单"
	case HandedOff:
		return "已派单"
	case Acked:
		return "已签收"
	case Working:
		return "办理中"
	case AwaitingRequester:
		return "待补充信息"
	case Suspended:
		return "已挂起"
	case Arbitration:
		return "派单异议审核"
	case Reported:
		return "已反馈"
	case Evaluated:
		return "已评价"
	case Closed:
		return "已办结"
	case Withdrawn:
		return "已撤诉"
	}
	return string(s)
}

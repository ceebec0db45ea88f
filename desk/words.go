package desk

import "hotline/contact"

// word is a cause or a reason from a closed list in words; another stands as it is.
func word(name string) sentence {
	if w, ok := causeWords()[name]; ok {
		return w
	}
	if w, ok := reasonWords()[name]; ok {
		return w
	}
	return sentence{name, name}
}

func causeWords() map[string]sentence {
	return map[string]sentence{
		contact.Internal.String():          {"系统原因", "a fault of ours"},
		contact.AbandonedGreeting.String(): {"市民在问候语中挂断", "the citizen left during the greeting"},
		contact.AbandonedQueue.String():    {"市民在排队中离开", "the citizen left the queue"},
		contact.AbandonedRinging.String():  {"市民在振铃中离开", "the citizen left while it rang"},
		contact.RefusedUnknown.String():    {"号码不属于任何线路", "no line has the number"},
		contact.RefusedClosed.String():     {"不在服务时间", "closed at that time"},
		contact.RefusedFull.String():       {"排队已满", "the queue was full"},
		contact.RefusedOverload.String():   {"系统过载", "the node was overloaded"},
		contact.RefusedNuisance.String():   {"骚扰来电", "a nuisance"},
		contact.CitizenEnded.String():      {"市民结束", "by the citizen"},
		contact.AgentEnded.String():        {"坐席结束", "by the agent"},
		contact.Transferred.String():       {"已转接", "transferred"},
		contact.CallbackTaken.String():     {"市民选择回拨", "the citizen chose a call back"},
		contact.Unreached.String():         {"多次回拨未接通", "not reached by calling back"},
		contact.Recalled.String():          {"市民又来电", "the citizen rang again"},
		contact.NodeLost.String():          {"节点故障", "the node was lost"},
		contact.MediaLost.String():         {"声音中断", "the audio was lost"},
	}
}

// reasonWords are routing.DeclineReason, session.RingEnd and callbacks.Why.
func reasonWords() map[string]sentence {
	return map[string]sentence{
		"unanswered":   {"振铃超时", "it rang to the end"},
		"rejected":     {"坐席拒接", "the agent declined"},
		"unreachable":  {"坐席电脑没有响应", "the desk did not show it"},
		"disconnected": {"坐席断线", "the desk was gone"},
		"asked":        {"市民要求", "the citizen asked for it"},
		"abandoned":    {"市民在排队中离开", "the citizen left the queue"},
		"max_wait":     {"等候已到上限", "the longest wait was reached"},
		"revoked":      {"预约被收回", "the offer was taken back"},
		"citizen_gone": {"市民已离开", "the citizen had left"},
	}
}

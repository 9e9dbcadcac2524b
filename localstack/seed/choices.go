package seed

import (
	"huawu/shared/cloud"
	"huawu/shared/live/view"
)

// choices are what the demo tenant's agents can choose from, and how its floor
// counts: days of China, and 80 % in 20 s as most centres do.
func choices() []cloud.Write {
	writes := []cloud.Write{
		view.PutDesk(Tenant, "Asia/Shanghai", map[string]int{view.AnyQueue: 20}),
		view.PutDispositions(Tenant, Queue, dispositions()),
		view.PutDispositions(Tenant, view.AnyQueue, dispositions()),
	}
	for _, s := range []struct {
		place string
		view.Choice
	}{
		{"1-busy", choice("busy", "示忙", "Busy", "受付不可", "업무 중")},
		{"2-meal", choice("meal", "小休：用餐", "Break: meal", "休憩：食事", "휴식: 식사")},
		{"3-rest", choice("rest", "小休：休息", "Break: rest", "休憩：小休止", "휴식: 잠시")},
		{"4-training", choice("training", "培训", "Training", "研修", "교육")},
		{"5-meeting", choice("meeting", "会议", "Meeting", "会議", "회의")},
	} {
		writes = append(writes, view.PutStatus(Tenant, s.place, s.Choice))
	}
	return writes
}

func dispositions() []view.Choice {
	return []view.Choice{
		choice("solved", "已解决", "Solved", "解決済み", "해결됨"),
		choice("follow-up", "需要跟进", "Follow-up needed", "要フォロー", "후속 조치 필요"),
		choice("callback", "约定回拨", "Callback agreed", "折り返し予定", "콜백 예정"),
		choice("complaint", "投诉", "Complaint", "苦情", "불만"),
		choice("wrong-number", "打错电话", "Wrong number", "間違い電話", "잘못 걸린 전화"),
		choice("no-answer", "无人应答", "Nobody spoke", "無言", "응답 없음"),
	}
}

func choice(name, zh, en, ja, ko string) view.Choice {
	return view.Choice{Name: name, Labels: map[string]string{"zh-CN": zh, "en": en, "ja": ja, "ko": ko}}
}

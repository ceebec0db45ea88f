#!/bin/sh
# Makes the standard announcements (espeak-ng, voice cmn) and the music, as
# A-law WAV at 8 kHz. Needs espeak-ng, sox and go; run it in this folder.
set -eu
cd "$(dirname "$0")"

pad="0.1 0.2"
say() {
	espeak-ng -v cmn -s 250 -a 60 -w raw.wav "$2"
	# Telephone band, even loudness, no silence at either end.
	sox raw.wav -r 8000 -c 1 -b 16 clean.wav highpass 200 lowpass 3400 \
		compand 0.005,0.1 -70,-70,-40,-22,-20,-14,0,-8 0 -30 0.05 \
		silence 1 0.01 0.3% reverse silence 1 0.01 0.3% reverse norm -4 pad $pad
	sox clean.wav -e a-law "$1.wav"
	rm raw.wav clean.wav
}

say greeting "您好,这里是幺二三四五市民服务热线,正在为您转接,请稍候。"
say goodbye "感谢您的来电,再见。"
say reconnect "抱歉,通话中断,正在为您重新转接,请不要挂机。"
say closed "您好,现在是非工作时间,请在工作时间内拨打,再见。"
say closed-elsewhere "您好,您拨打的专席现在是非工作时间,正在为您转接市民热线,请稍候。"
say unknown "您好,您拨打的号码没有开通,请查证后再拨。"

pad="0.02 0.06"
# What a waiting citizen hears, put together from parts: "您前面还有" n12 "位,"
# "预计等待" n3 "到" n8 "分钟。". Of things, two is 两.
say wait-before "您前面还有"
say wait-people "位。"
say wait-next "您是下一位。"
say wait-many "前面等待的人较多。"
say wait-time "预计等待"
say wait-to "到"
say wait-minutes "分钟。"
say wait-within "分钟以内。"
pad="0.1 0.2"
say callback-offer "如果不想等待,请按一,我们保留您的位置,并给您回电。"
say callback-taken "您的位置已保留,我们会尽快给您回电,再见。"
say callback-failed "抱歉,暂时不能登记回电,请继续等待。"

pad="0.02 0.06"
number() {
	units="零 一 二 三 四 五 六 七 八 九"
	ten=$(($1 / 10)) one=$(($1 % 10)) text=""
	[ "$ten" -gt 1 ] && text=$(echo "$units" | cut -d" " -f$((ten + 1)))
	[ "$ten" -gt 0 ] && text="${text}十"
	if [ "$one" -gt 0 ] || [ "$ten" -eq 0 ]; then
		text="$text$(echo "$units" | cut -d" " -f$((one + 1)))"
	fi
	[ "$1" -eq 2 ] && text="两"
	echo "$text"
}
n=0
while [ "$n" -le 99 ]; do
	say "n$n" "$(number "$n")"
	n=$((n + 1))
done

go run music.go > music.wav

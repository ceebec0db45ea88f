#!/bin/sh
# Makes the standard announcements (espeak-ng, voice cmn) and the music, as
# A-law WAV at 8 kHz. Needs espeak-ng, sox and go; run it in this folder.
set -eu
cd "$(dirname "$0")"

say() {
	espeak-ng -v cmn -s 250 -a 60 -w raw.wav "$2"
	# Telephone band, even loudness, no silence at either end.
	sox raw.wav -r 8000 -c 1 -b 16 clean.wav highpass 200 lowpass 3400 \
		compand 0.005,0.1 -70,-70,-40,-22,-20,-14,0,-8 0 -30 0.05 \
		silence 1 0.01 0.3% reverse silence 1 0.01 0.3% reverse norm -4 pad 0.1 0.2
	sox clean.wav -e a-law "$1.wav"
	rm raw.wav clean.wav
}

say greeting "您好,这里是幺二三四五市民服务热线,正在为您转接,请稍候。"
say goodbye "感谢您的来电,再见。"
say reconnect "抱歉,通话中断,正在为您重新转接,请不要挂机。"
say closed "您好,现在是非工作时间,请在工作时间内拨打,再见。"
say unknown "您好,您拨打的号码没有开通,请查证后再拨。"

go run music.go > music.wav

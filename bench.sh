#!/usr/bin/env bash
# Figures of the whole program, each with the rate at which the same input can be
# read and split into lines at all, and with a program for comparison where
# Debian has one. Nothing here fails because of a speed.
#
#   EVENTS=5000000   records of the mixed input (once twice as many, for memory)
#   BENCH_DIR=...    where the input goes; needs about 1 KB a record
#
# With perf, also says where the time goes.
set -euo pipefail
cd "$(dirname "$0")"

events=${EVENTS:-5000000}
if [ -n "${BENCH_DIR:-}" ]; then
	dir=$BENCH_DIR
	mkdir -p "$dir"
else
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
fi
go build -o bin/vedette ./cmd/vedette
go build -o bin/bench ./internal/bench

input=$dir/input data=$dir/data
gen() { # gen EVENTS FLAG...
	local n=$1
	shift
	rm -rf "$input"
	bin/bench gen -out "$input" -events "$n" "$@"
	sync
}

# Measures one run; MiB is left in $peak.
peak=0
measure() { # measure LABEL EVENTS COMMAND...
	local label=$1 n=$2 line
	shift 2
	line=$(bin/bench run -label "$label" -events "$n" "$@" 2>"$dir/messages") || { cat "$dir/messages" >&2; exit 1; }
	echo "$line"
	peak=$(sed -E 's/.* ([0-9]+) MiB at most.*/\1/' <<<"$line")
}
analyze() { # analyze LABEL EVENTS
	rm -rf "$data"
	measure "$1" "$2" bin/vedette analyze --constituency "$input/constituency.yaml" --data "$data" "$input/logs"
	printf '%-42s %10d MiB of logs, %d MiB of store\n' '' "$(du -sm "$input/logs" | cut -f1)" "$(du -sm "$data" | cut -f1)"
}
# Everything was read: what is left is the detectors that look back over all
# stored events, correlation and judgment.
again() { # again LABEL EVENTS
	measure "$1" "$2" bin/vedette analyze --constituency "$input/constituency.yaml" --data "$data" "$input/logs"
}

echo "Processors: $(nproc), load before: $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "A fifth of the records first, to see whether looking back grows linearly"
gen $((events / 5))
analyze 'vedette analyze, a fifth of the records' $((events / 5))
again 'looking back, a fifth of the records' $((events / 5))

echo
echo "Mixed telemetry (access logs, Zeek conn as TSV, Zeek dns as JSON, sshd; 1 % hostile)"
gen "$events"
bin/bench split "$input/logs"
measure 'vedette detect, nothing stored' "$events" bin/vedette detect --constituency "$input/constituency.yaml" "$input/logs"
analyze 'vedette analyze, durable store' "$events"
first=$peak
again 'looking back: windows and judgment' "$events"
if command -v perf >/dev/null; then
	echo
	echo "Where detect and analyze spend the processor's time (perf, by function)"
	for command in detect "analyze --data $data"; do
		rm -rf "$data"
		# shellcheck disable=SC2086
		if perf record -q -F 199 -o "$dir/perf" bin/vedette $command --constituency "$input/constituency.yaml" "$input/logs" >"$dir/output" 2>"$dir/messages"; then
			echo "  ${command%% *}"
			perf report -i "$dir/perf" --stdio --sort symbol 2>"$dir/messages" | sed -nE 's/^ +([0-9.]+%)  \[.\] (.{1,90}).*/    \1  \2/p' | sed -E 's/ +[- ]*$//' | sed -n 1,20p
		fi
	done
fi

echo
echo "Memory: twice the records, and 2 million distinct addresses"
gen $((2 * events))
bin/bench split "$input/logs"
analyze 'vedette analyze, twice as many records' $((2 * events))
double=$peak
again 'looking back, twice as many records' $((2 * events))
gen "$events" -addresses 2000000
analyze 'vedette analyze, 2 million addresses' "$events"
many=$peak
awk -v a="$first" -v b="$double" -v c="$many" 'BEGIN {
	printf "peak memory against the first run: twice the records %+.0f %%, 2 million addresses %+.0f %%\n", 100*(b/a-1), 100*(c/a-1)
}'

echo
echo "One access log, against gzip -6 of it"
gen $((events / 5)) -only web
cat "$input"/logs/*/access.log >"$dir/access.log"
rm -rf "$input/logs" && mkdir "$input/logs" && mv "$dir/access.log" "$input/logs/"
bin/bench split "$input/logs"
measure 'gzip -6' $((events / 5)) gzip -6 -c "$input/logs/access.log"
measure 'awk, requests by address' $((events / 5)) awk '{ n[$1]++ } END { for (a in n) print n[a], a }' "$input/logs/access.log"
if command -v goaccess >/dev/null; then
	measure 'goaccess' $((events / 5)) goaccess "$input/logs/access.log" --log-format=COMBINED --no-progress -o "$dir/goaccess.json"
fi
measure 'vedette detect' $((events / 5)) bin/vedette detect "$input/logs"
analyze 'vedette analyze, durable store' $((events / 5))
rm -rf "$input" "$data"

#!/bin/sh
# The API from a shell. Needs CXLOOP_URL and CXLOOP_SECRET_KEY (examples/README.md says where they come from).
set -eu
: "${CXLOOP_URL:?set CXLOOP_URL, e.g. http://127.0.0.1:8080}"
: "${CXLOOP_SECRET_KEY:?set CXLOOP_SECRET_KEY, a key that begins with cxl_sk_}"

call() { # call METHOD PATH [BODY]
  printf '\n%s %s\n' "$1" "$2"
  if [ $# -gt 2 ]; then
    curl --silent --show-error --fail-with-body -X "$1" "$CXLOOP_URL$2" \
      -H "Authorization: Bearer $CXLOOP_SECRET_KEY" -H "Content-Type: application/json" -d "$3"
  else
    curl --silent --show-error --fail-with-body -X "$1" "$CXLOOP_URL$2" -H "Authorization: Bearer $CXLOOP_SECRET_KEY"
  fi
  echo
}

# One piece of feedback. 202 means it is stored for good; the same submission_id again is the same voice.
call POST /v1/feedback '{
  "channel": "api",
  "submission_id": "order-1001",
  "customer": {"external_id": "customer-0001"},
  "ratings": [{"metric": "nps", "value": 3}],
  "text": "The parcel came two days late and nobody answered my call.",
  "unit": "Web shop",
  "touchpoint": "delivery"
}'

# Many at once: valid lines are accepted beside invalid ones, each with its own result.
call POST /v1/feedback/batch '[
  {"channel": "api", "submission_id": "order-1002", "ratings": [{"metric": "nps", "value": 9}], "text": "Quick and friendly."},
  {"channel": "api", "submission_id": "order-1003", "ratings": [{"metric": "csat", "value": 4}]}
]'

# What texts mean, without storing them.
call POST /v1/text/annotate '{"texts": [{"id": "1", "text": "The new checkout is fast, but delivery was late again."}]}'

# Scores with their counts and intervals.
call GET '/v1/metrics/nps?interval=month'
call GET '/v1/metrics/nps?group_by=channel'

# The newest feedback as it was understood, and what became of it.
call GET '/v1/feedback?limit=3'

# Who still waits for an answer.
call GET '/v1/cases?open=true&limit=5'

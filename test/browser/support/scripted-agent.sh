#!/bin/sh
# An agent without a model: the title of its ticket says what it does. It reports as any agent does, with mc-coord.
set -eu
prompt=$(cat "$MC_PROMPT_FILE")
submit() {
  echo "work on $MC_TICKET, attempt $MC_ATTEMPT" >>"work-$MC_TICKET.txt"
  git add -A
  git commit -qm "Work on $MC_TICKET"
  mc-coord submit --summary "Wrote work-$MC_TICKET.txt"
}
case "$prompt" in
*'Asks a question'*)
  case "$prompt" in
  *Blue* | *blue*) submit ;;
  *) mc-coord ask 'Which colour should the button have?' --choice Red --choice Blue ;;
  esac
  ;;
*'Asks in words'*)
  case "$prompt" in
  *'forty-two'*) submit ;;
  *) mc-coord ask 'How many?' ;;
  esac
  ;;
*'Says something hostile'*)
  printf '\033[31mred\033[0m <script>window.pwned = 1</script> <img src=x onerror="window.pwned = 1"> \342\200\256backwards\n'
  mc-coord progress '<img src=x onerror="window.pwned = 1"> halfway'
  mc-coord ask '<script>window.pwned = 1</script> [click](javascript:window.pwned=1) <img src=x onerror="window.pwned = 1">'
  ;;
*'Rewrites the sample'*)
  printf '# Rewritten\n\nfirst\nsecond\nthird\nand a line that is longer than the page is wide, so that the file is scrolled sideways, while what one writes about it is not: it stays in sight\n' >README.md
  i=0
  while [ "$i" -lt 900 ]; do
    echo "line $i"
    i=$((i + 1))
  done >long.txt
  git add -A
  git commit -qm 'Rewrite the sample' --allow-empty
  # What a reviewer wrote at the lines is in the prompt of the next attempt, or this says nothing of it.
  case "$prompt" in
  *'**Lines 3–4**'*'Say both at once.'*) mc-coord submit --summary 'Read the review at its lines' ;;
  *) mc-coord submit --summary 'Rewrote the sample' ;;
  esac
  ;;
*'Works for long'*)
  mc-coord progress 'Counting to a thousand'
  i=0
  while [ "$i" -lt 600 ]; do
    echo "line $i of a long output"
    i=$((i + 1))
    sleep 0.1
  done
  ;;
*'Fails with most'*)
  case "${1:-}" in
  able) submit ;;
  *) mc-coord fail 'too hard for me' --no-retry ;;
  esac
  ;;
*) submit ;;
esac

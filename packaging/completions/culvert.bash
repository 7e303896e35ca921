# Completion of culvert(8) for bash.
# SPDX-License-Identifier: Apache-2.0

# Lines become words of their own, blanks in them included.
_culvert_take()
{
	local line
	while IFS= read -r line; do
		[[ -n $line ]] && COMPREPLY+=("$line")
	done
}

# Of the lines those that begin with $1. (compgen -W would expand what others have named: a
# device may be called `$(command)`.)
_culvert_match()
{
	local line
	while IFS= read -r line; do
		[[ -n $line && $line == "$1"* ]] && COMPREPLY+=("$line")
	done
}

_culvert_words()
{
	_culvert_take < <(compgen -W "$1" -- "$2")
}

_culvert_files()
{
	compopt -o filenames 2>/dev/null
	_culvert_take < <(compgen -f -- "$1")
}

_culvert_folders()
{
	compopt -o filenames 2>/dev/null
	_culvert_take < <(compgen -d -- "$1")
}

# The labs that were installed with the program.
_culvert_installed_labs()
{
	local bin dir
	bin=$(type -P -- "$1" 2>/dev/null)
	for dir in "${bin%/bin/*}"/share/culvert/labs/*/; do
		[[ -f ${dir}lab.yml && $dir == "$2"* ]] && printf '%s\n' "${dir%/}"
	done
}

# The names of labs that are up; with `any` those of dead ones as well.
_culvert_running_labs()
{
	local name state rest
	"$1" lab list 2>/dev/null | while read -r name state rest; do
		[[ $state == up || $2 == any ]] && printf '%s\n' "$name"
	done
}

_culvert_nodes()
{
	local line
	"$1" lab list "$2" 2>/dev/null | while IFS= read -r line; do
		[[ $line =~ ^\ \ ([^\ ]+) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
	done
}

# IOSNAME=DEVICE; bash takes `=` for a word of its own, and here $1 is what is behind it.
_culvert_devices()
{
	local dir
	_culvert_match "$1" < <(for dir in /sys/class/net/*/; do
		dir=${dir%/}
		printf '%s\n' "${dir##*/}"
	done)
}

_culvert_ios_names()
{
	compopt -o nospace 2>/dev/null
	_culvert_words "FastEthernet0/0= FastEthernet0/1= GigabitEthernet0/0= GigabitEthernet0/1= Serial0/0=" "$1"
}

_culvert_run()
{
	local cur=$1 prev=$2
	if [[ $cur == '=' || $prev == '=' ]]; then
		_culvert_devices "${cur#=}"
		return
	fi
	case $prev in
	--config | --socket) _culvert_files "$cur" ;;
	--keylog) _culvert_folders "$cur" ;;
	--interface) _culvert_ios_names "$cur" ;;
	--workers) _culvert_words "1 2 4 8 16" "$cur" ;;
	*) _culvert_words "--config --socket --interface --workers --pin --no-offload --log-json --keylog --help" "$cur" ;;
	esac
}

_culvert_lab()
{
	local prog=$1 cur=$2 sub=${COMP_WORDS[2]} lab=${COMP_WORDS[3]}
	case $COMP_CWORD in
	2)
		_culvert_words "up down list shell exec --help" "$cur"
		return
		;;
	3)
		case $sub in
		up)
			_culvert_folders "$cur"
			_culvert_take < <(_culvert_installed_labs "$prog" "$cur")
			;;
		down) _culvert_match "$cur" < <(_culvert_running_labs "$prog" any) ;;
		list | shell | exec) _culvert_match "$cur" < <(_culvert_running_labs "$prog") ;;
		esac
		# a folder does as well as a name
		[[ $sub != up && ($cur == */* || ${#COMPREPLY[@]} -eq 0) ]] && _culvert_folders "$cur"
		return
		;;
	4)
		[[ $sub == shell || $sub == exec ]] && _culvert_match "$cur" < <(_culvert_nodes "$prog" "$lab")
		return
		;;
	esac
	case $sub in
	shell) [[ $COMP_CWORD -eq 5 ]] && _culvert_words "-c" "$cur" ;;
	exec)
		if [[ $COMP_CWORD -eq 5 && $cur != */* ]]; then
			_culvert_take < <(compgen -c -- "$cur" | sort -u)
		else
			_culvert_files "$cur"
		fi
		;;
	esac
}

_culvert()
{
	local prog=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	if [[ $COMP_CWORD -eq 1 ]]; then
		_culvert_words "run shell check mirror explain lab --version --help" "$cur"
		return
	fi
	case ${COMP_WORDS[1]} in
	run) _culvert_run "$cur" "$prev" ;;
	shell)
		case $prev in
		--socket) _culvert_files "$cur" ;;
		-c) ;;
		*) _culvert_words "--socket -c --help" "$cur" ;;
		esac
		;;
	check)
		if [[ $cur == -* ]]; then
			_culvert_words "- --strict --json --help" "$cur"
		else
			_culvert_files "$cur"
		fi
		;;
	mirror)
		if [[ $prev == --peer ]]; then
			:
		elif [[ $cur == -* ]]; then
			_culvert_words "- --peer --help" "$cur"
		else
			_culvert_files "$cur"
		fi
		;;
	explain)
		if [[ $cur == -* ]]; then
			_culvert_words "--help" "$cur"
		else
			_culvert_match "$cur" < <("$prog" explain 2>/dev/null)
		fi
		;;
	lab) _culvert_lab "$prog" "$cur" ;;
	esac
}

complete -F _culvert culvert

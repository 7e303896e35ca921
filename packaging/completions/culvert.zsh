#compdef culvert
# Completion of culvert(8) for zsh.
# SPDX-License-Identifier: Apache-2.0

_culvert_devices() {
	local -a names
	names=(/sys/class/net/*(N:t))
	if compset -P '*='; then
		compadd -- $names
	else
		compadd -S= -q -- FastEthernet0/0 FastEthernet0/1 GigabitEthernet0/0 GigabitEthernet0/1 Serial0/0
	fi
}

# $1: `any` names dead labs as well
_culvert_running_labs() {
	local -a names
	local name state rest
	_call_program labs $_culvert_program lab list 2>/dev/null | while read -r name state rest; do
		[[ $state == up || $1 == any ]] && names+=($name)
	done
	_wanted labs expl lab compadd -- $names
}

_culvert_folders() {
	local -a labs
	labs=(${${_culvert_program:c}:h:h}/share/culvert/labs/*(N/))
	_alternative 'folders:folder of a lab:_files -/' "labs:installed lab:compadd -- ${(j: :)${(q)labs}}"
}

_culvert_nodes() {
	local -a names
	local line
	_call_program nodes $_culvert_program lab list ${(q)words[2]} 2>/dev/null | while IFS= read -r line; do
		[[ $line == '  '[^\ ]* ]] && names+=(${${=line}[1]})
	done
	_wanted nodes expl node compadd -- $names
}

_culvert_lab() {
	local -a subs
	subs=('up:start a lab' 'down:stop it and leave nothing behind' 'list:labs that are up, or nodes of one'
		"shell:a router's command line" 'exec:a command inside a node')
	if (( CURRENT == 2 )); then
		_describe -t commands 'lab command' subs
		[[ $PREFIX == -* ]] && compadd -- --help
		return
	fi
	shift words
	(( CURRENT-- ))
	case "$words[1]:$CURRENT" in
	up:2) _culvert_folders ;;
	down:2) _culvert_running_labs any || _files -/ ;;
	(list|shell|exec):2) _culvert_running_labs || _files -/ ;;
	(shell|exec):3) _culvert_nodes ;;
	shell:4) compadd -- -c ;;
	exec:4) _command_names -e ;;
	exec:*) _files ;;
	esac
}

_culvert() {
	local _culvert_program=$words[1] expl
	local -a subs
	subs=('run:the router, in the foreground' 'shell:the command line of a running router'
		'check:what is wrong or weak in a configuration'
		'mirror:the configuration of the other end of a tunnel'
		'explain:what a word means' 'lab:routers and hosts in namespaces')
	if (( CURRENT == 2 )); then
		_describe -t commands 'culvert command' subs
		[[ $PREFIX == -* ]] && compadd -- --version --help
		return
	fi
	shift words
	(( CURRENT-- ))
	case $words[1] in
	run)
		_arguments '--config[startup configuration]:file:_files' \
			'--socket[control socket]:socket:_files' \
			'*--interface[bind an IOS interface to a Linux device]:IOSNAME=DEVICE:_culvert_devices' \
			'--workers[threads that forward packets]:number:(1 2 4 8 16)' \
			'--pin[keep each of them on a processor of its own]' \
			'--no-offload[one packet a call on the TUNs]' \
			'--log-json[log lines as JSON on standard output]' \
			"--keylog[write keys for Wireshark]:folder:_files -/" '(- *)--help[explain]'
		;;
	shell)
		_arguments '--socket[control socket]:socket:_files' \
			'-c[run these commands]:commands' '(- *)--help[explain]'
		;;
	check)
		_arguments '--strict[warnings count as errors]' '--json[the same for programs]' \
			'(- *)--help[explain]' '*:configuration:_files'
		;;
	mirror)
		_arguments '--peer[which peer]:address' '(- *)--help[explain]' ':configuration:_files'
		;;
	explain)
		_arguments '(- *)--help[explain]' '*:word:( ${(f)"$($_culvert_program explain 2>/dev/null)"} )'
		;;
	lab) _culvert_lab ;;
	esac
}

_culvert "$@"

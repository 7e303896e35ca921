# Completion of culvert(8) for fish.
# SPDX-License-Identifier: Apache-2.0

# Words behind the command, without the one that is begun.
function __culvert_words
    set -l words (commandline -opc)
    printf '%s\n' $words[2..-1]
end

# True if the words so far are $argv: `culvert lab exec` for the arguments of that.
function __culvert_at
    set -l words (__culvert_words)
    test "$words" = "$argv"
end

# True in the arguments of a subcommand, whatever was said of them.
function __culvert_in
    set -l words (__culvert_words)
    test (count $words) -ge 1; and test "$words[1]" = "$argv[1]"
end

# True where the n-th word behind `culvert lab SUB` is begun: `__culvert_lab 1 shell exec`.
function __culvert_lab
    set -l words (__culvert_words)
    test (count $words) -eq (math $argv[1] + 1); and test "$words[1]" = lab; and contains -- "$words[2]" $argv[2..-1]
end

# The names of labs that are up; with `any` those of dead ones as well.
function __culvert_running_labs
    set -l program (commandline -opc)[1]
    $program lab list 2>/dev/null | while read -l name state rest
        if test "$state" = up -o "$argv[1]" = any
            printf '%s\n' $name
        end
    end
end

function __culvert_nodes
    set -l words (commandline -opc)
    $words[1] lab list $words[4] 2>/dev/null | string replace -rf '^  ([^ ]+).*' '$1'
end

# The labs that were installed with the program.
function __culvert_installed_labs
    set -l bin (command -s (commandline -opc)[1])
    for lab in (string replace -r '/bin/[^/]*$' '' -- "$bin")/share/culvert/labs/*/lab.yml
        string replace /lab.yml '' -- $lab
    end
end

# IOSNAME=DEVICE
function __culvert_bindings
    set -l name (string replace -rf '^([^=]+)=.*' '$1' -- (commandline -ct))
    if test -n "$name"
        for dev in /sys/class/net/*/
            printf '%s=%s\n' $name (basename $dev)
        end
    else
        printf '%s=\n' FastEthernet0/0 FastEthernet0/1 GigabitEthernet0/0 GigabitEthernet0/1 Serial0/0
    end
end

complete -c culvert -f
complete -c culvert -n '__culvert_at' -a run -d 'The router, in the foreground'
complete -c culvert -n '__culvert_at' -a shell -d 'The command line of a running router'
complete -c culvert -n '__culvert_at' -a check -d 'What is wrong or weak in a configuration'
complete -c culvert -n '__culvert_at' -a mirror -d 'The configuration of the other end of a tunnel'
complete -c culvert -n '__culvert_at' -a explain -d 'What a word means'
complete -c culvert -n '__culvert_at' -a lab -d 'Routers and hosts in namespaces'
complete -c culvert -n '__culvert_at' -l version -d 'Print the version'
complete -c culvert -n 'not __culvert_lab 3 shell; and not __culvert_lab 3 exec' -l help -d Explain

complete -c culvert -n '__culvert_in run' -l config -rF -d 'Startup configuration'
complete -c culvert -n '__culvert_in run' -l socket -rF -d 'Control socket'
complete -c culvert -n '__culvert_in run' -l interface -x -a '(__culvert_bindings)' -d 'Bind an IOS interface to a Linux device'
complete -c culvert -n '__culvert_in run' -l workers -x -a '1 2 4 8 16' -d 'Threads that forward packets'
complete -c culvert -n '__culvert_in run' -l pin -d 'Keep each of them on a processor of its own'
complete -c culvert -n '__culvert_in run' -l no-offload -d 'One packet a call on the TUNs'
complete -c culvert -n '__culvert_in run' -l log-json -d 'Log lines as JSON on standard output'
complete -c culvert -n '__culvert_in run' -l keylog -x -a '(__fish_complete_directories)' -d 'Write keys for Wireshark'

complete -c culvert -n '__culvert_in shell' -l socket -rF -d 'Control socket'
complete -c culvert -n '__culvert_in shell' -s c -x -d 'Run these commands'

complete -c culvert -n '__culvert_in check' -F
complete -c culvert -n '__culvert_in check' -a - -d 'Standard input'
complete -c culvert -n '__culvert_in check' -l strict -d 'Warnings count as errors'
complete -c culvert -n '__culvert_in check' -l json -d 'The same for programs'

complete -c culvert -n '__culvert_in mirror' -F
complete -c culvert -n '__culvert_in mirror' -a - -d 'Standard input'
complete -c culvert -n '__culvert_in mirror' -l peer -x -d 'Which peer'

complete -c culvert -n '__culvert_in explain' -a '(culvert explain 2>/dev/null)'

complete -c culvert -n '__culvert_at lab' -a up -d 'Start a lab'
complete -c culvert -n '__culvert_at lab' -a down -d 'Stop it and leave nothing behind'
complete -c culvert -n '__culvert_at lab' -a list -d 'Labs that are up, or nodes of one'
complete -c culvert -n '__culvert_at lab' -a shell -d 'A router\'s command line'
complete -c culvert -n '__culvert_at lab' -a exec -d 'A command inside a node'
complete -c culvert -n '__culvert_lab 1 up' -a '(__culvert_installed_labs; __fish_complete_directories)'
complete -c culvert -n '__culvert_lab 1 down' -a '(__culvert_running_labs any)'
complete -c culvert -n '__culvert_lab 1 list shell exec' -a '(__culvert_running_labs)'
complete -c culvert -n '__culvert_lab 2 shell exec' -a '(__culvert_nodes)'
complete -c culvert -n '__culvert_lab 3 shell' -s c -x -d 'Run these commands'
complete -c culvert -n '__culvert_lab 3 exec' -a '(__fish_complete_command)'
complete -c culvert -n '__culvert_in lab; and test (count (__culvert_words)) -gt 4' -F

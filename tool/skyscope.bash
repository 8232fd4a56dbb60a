# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of skyscope's commands, options and files for bash. Use it with:
#   source tool/skyscope.bash

_skyscope()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} options='' files=''
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "check expand build iso disk run replace open inspect --help --version" -- "$word")
        return
    fi
    case $before in
    --firmware)
        mapfile -t COMPREPLY < <(compgen -W "bios uefi" -- "$word")
        return
        ;;
    -s | --search-path | --keys)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    -o | --output)
        if [[ $command == expand ]]; then
            mapfile -t COMPREPLY < <(compgen -d -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        return
        ;;
    --kernel-image | --loader | --secure-boot-key | --secure-boot-cert)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    -m | -c | --memory | --cpus | --timeout | --rollback-index | --size)
        return
        ;;
    esac
    case $command in
    check)
        options='--search-path --memory --cpus --quiet --help'
        files='!*.system'
        ;;
    expand)
        options='--output --search-path --help'
        files='!*.system'
        ;;
    build)
        options='--output --search-path --kernel-image --memory --cpus --rollback-index --quiet --help'
        files='!*.system'
        ;;
    iso)
        options='--output --search-path --loader --kernel-image --secure-boot-key --secure-boot-cert --timeout --verbose --quiet --help'
        ;;
    disk)
        options='--output --keys --passphrase-file --size --loader --secure-boot-key --secure-boot-cert --timeout --verbose --quiet --help'
        ;;
    run)
        options='--memory --cpus --firmware --kernel-direct --loader --verbose --dry-run --help'
        ;;
    open)
        options='--key --passphrase-file --output --partial --help'
        ;;
    replace)
        options='--output --quiet --help'
        ;;
    inspect)
        options='--json --help'
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [[ -n $files ]]; then
        mapfile -t COMPREPLY < <(compgen -f -X "$files" -- "$word"; compgen -d -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _skyscope skyscope

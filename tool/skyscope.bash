# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of skyscope's commands, options and files for bash. Use it with:
#   source tool/skyscope.bash

_skyscope()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} options='' files=''
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "check expand build iso disk run keygen sign verify rotate provision replace open inspect --help --version" -- "$word")
        return
    fi
    case $before in
    --firmware)
        mapfile -t COMPREPLY < <(compgen -W "bios uefi" -- "$word")
        return
        ;;
    --arch)
        mapfile -t COMPREPLY < <(compgen -W "x86_64 aarch64" -- "$word")
        return
        ;;
    --kernel)
        mapfile -t COMPREPLY < <(compgen -W "skyscope sel4" -- "$word")
        return
        ;;
    --board)
        mapfile -t COMPREPLY < <(compgen -W "qemu_virt_aarch64 x86_64_generic_vtx" -- "$word")
        return
        ;;
    --config)
        mapfile -t COMPREPLY < <(compgen -W "release debug smp-release smp-debug" -- "$word")
        return
        ;;
    --gic)
        mapfile -t COMPREPLY < <(compgen -W "2 3" -- "$word")
        return
        ;;
    --pair)
        mapfile -t COMPREPLY < <(compgen -W "primary next" -- "$word")
        return
        ;;
    --on-failure)
        mapfile -t COMPREPLY < <(compgen -W "halt reboot" -- "$word")
        return
        ;;
    --lattice)
        mapfile -t COMPREPLY < <(compgen -W "ML-DSA-87 ML-DSA-65" -- "$word")
        return
        ;;
    --hash-based)
        mapfile -t COMPREPLY < <(compgen -W "SLH-DSA-SHA2-256s SLH-DSA-SHA2-192s SLH-DSA-SHA2-128s SLH-DSA-SHAKE-256s
            SLH-DSA-SHAKE-192s SLH-DSA-SHAKE-128s" -- "$word")
        return
        ;;
    --trust)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.trust' -- "$word"; compgen -d -- "$word")
        return
        ;;
    -s | --search-path | --keys | --sdk)
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
    --kernel-image | --microkit-image | --loader | --secure-boot-key | --secure-boot-cert | --passphrase-file | -k | --key)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --cpu | --machine | -m | -c | --memory | --cpus | --timeout | --rollback-index | --minimum-rollback-index | --system | --size)
        return
        ;;
    esac
    case $command in
    check)
        options='--search-path --arch --kernel --sdk --board --config --memory --cpus --quiet --help'
        files='!*.system'
        ;;
    expand)
        options='--output --search-path --arch --kernel --sdk --board --config --help'
        files='!*.system'
        ;;
    build)
        options='--output --search-path --arch --kernel --sdk --board --config --microkit-image --kernel-image --memory --cpus --rollback-index --quiet --help'
        files='!*.system'
        ;;
    iso)
        options='--output --search-path --arch --loader --kernel-image --secure-boot-key --secure-boot-cert --timeout --verbose --quiet --help'
        ;;
    disk)
        options='--output --keys --passphrase-file --size --loader --secure-boot-key --secure-boot-cert --timeout --verbose --quiet --help'
        ;;
    run)
        options='--memory --cpus --cpu --machine --gic --emulator --firmware --kernel-direct --loader --verbose --dry-run --help'
        ;;
    keygen)
        options='--lattice --hash-based --system --on-failure --require-rollback-store --minimum-rollback-index
            --passphrase-file --operator --development --quiet --help'
        ;;
    sign)
        options='--keys --pair --trust --rollback-index --passphrase-file --output --quiet --help'
        ;;
    verify)
        options='--trust --json --help'
        ;;
    rotate)
        options='--replace-next --lattice --hash-based --minimum-rollback-index --passphrase-file --quiet --help'
        ;;
    provision)
        options='--trust --output --minimum-rollback-index --quiet --help'
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
    if [[ $command == keygen || $command == rotate ]] && [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [[ -n $files ]]; then
        mapfile -t COMPREPLY < <(compgen -f -X "$files" -- "$word"; compgen -d -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _skyscope skyscope

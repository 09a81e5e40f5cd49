#!/usr/bin/env bats
# docs/TUTORIAL.md, command by command.

load lib/common

# The page uses an image that anybody can pull; there is no registry here.
setup_file() {
    lab_up || return 1
    [ -n "$LAB_SKIP" ] || lab_docker tag bb busybox
}

teardown() {
    lab_docker rm -f sleeper >/dev/null 2>&1 || true
    teardown_home
}

# What the page does on the server.
write_init() {
    cat >"$T/init" <<INIT
. "$TESTS/lib/lab.bash"
docktether() { "$DOCKTETHER" "\$@"; }
server() {
    case \$1 in
    ssh-keygen*) ssh-keygen -lf "$LAB/host_ed25519.pub" ;;
    'sudo systemctl stop ssh') lab_stop_sshd host ;;
    'sudo systemctl start ssh') lab_sshd_again host ;;
    *) echo "the page does something new on the server: \$1" ;;
    esac
}
INIT
}

@test "every command of the tutorial prints what the page says" {
    local host bastion
    [ "$LAB_USER" = root ] || without "needs root"
    cp "$LAB_KEY" "$HOME/.ssh/id_ed25519"
    host=$(lab_sshd host)
    bastion=$(lab_sshd bastion)
    write_init
    "$TESTS/../tutorial/check" "$TESTS/../../docs/TUTORIAL.md" "$T/init" \
        "deploy@build.example.com=>$LAB_USER@127.0.0.1:$host$LAB_SOCK" \
        "ann@bastion.example.com=>$LAB_USER@127.0.0.1:$bastion" \
        "deploy@10.0.0.5=>$LAB_USER@127.0.0.1:$LAB_PORT$LAB_SOCK" \
        "ssh-ed25519 SHA256:teV+F2oqlCt9BMRPeots4FApYgZM1y5+HBiUFQW3ev4=>$LAB_PIN" \
        "ssh-ed25519 SHA256:Bxl8CqvSuTMzqRoGyFUcgOmzR1bDV2Vlq4ZbXJpxNvE=>$LAB_PIN" \
        "SHA256:teV+F2oqlCt9BMRPeots4FApYgZM1y5+HBiUFQW3ev4=>${LAB_PIN#* }"
}

#!/bin/sh
# Gathers the root file system of the client's image: the client, both iptables with their extensions, the libraries of
# all these, and nothing else. The first stage of the Dockerfile runs it in Debian, `deno task image --local` on the
# machine itself.
#
# usage: gather.sh CLIENTS ROOT
#   CLIENTS  the folder of compiled clients, as `deno task compile` fills it
#   ROOT     the folder to fill; what was in it is removed
set -eu

clients=$1
root=$2
here=$(dirname "$0")

# The files behind the links called iptables-nft, ip6tables-legacy and so on.
programs='/usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi'

# fail MESSAGE REMEDY
fail() {
  printf 'Cannot gather the image: %s. %s\n' "$1" "$2" >&2
  exit 1
}

# The compiled client of this processor. The folder itself holds that of the machine that compiled, which may be a Mac.
find_client() {
  case $(uname -m) in
    x86_64 | amd64) target=x86_64-unknown-linux-gnu ;;
    aarch64 | arm64) target=aarch64-unknown-linux-gnu ;;
    *) fail "there is no client for $(uname -m)" "Use a machine with an x86_64 or arm64 processor" ;;
  esac
  for client in "$clients/$target/docker-connector-client" "$clients/docker-connector-client"; do
    if [ -f "$client" ] && "$client" --version; then return; fi
  done
  fail "there is no compiled client for $target in $clients" "Run deno task compile --target $target"
}

# libraries FILE...: those that the files need, as the dynamic linker finds them. Of the lines of ldd "NAME => PATH (0x...)"
# and, for the linker itself, "PATH (0x...)" have a path, and the kernel's vdso has none.
libraries() {
  for file in "$@"; do
    needed=$(ldd "$file") || fail "the libraries of $file cannot be listed" "See what ldd $file says"
    case $needed in
      *'not found'*) fail "a library of $file is not there: $needed" "Install the package that it belongs to" ;;
    esac
    printf '%s\n' "$needed" | sed -n -e 's/^.* => \(\/[^ ]*\) (0x.*$/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (0x.*$/\1/p'
  done
}

# add FILE [PATH]: copies a file, to the same path unless another is given.
add() {
  path=$root${2:-$1}
  mkdir -p "$(dirname "$path")"
  cp -L "$1" "$path"
}

add_extension() {
  found=no
  for file in "$folder/libxt_$1.so" "$folder/libipt_$1.so" "$folder/libip6t_$1.so"; do
    [ -e "$file" ] || continue
    found=yes
    extensions="$extensions $file"
    # A file that holds several extensions must not be loaded twice, so links to it stay links.
    add "$(readlink -f "$file")"
    if [ -L "$file" ]; then ln -sf "$(basename "$(readlink -f "$file")")" "$root$file"; fi
  done
  [ "$found" = yes ] ||
    fail "this system's iptables has no extension $1 in $folder" "Use iptables 1.8.9 or later, as in Debian 12"
}

find_client
for program in $programs; do
  [ -f "$program" ] || fail "there is no $program" "Install iptables first: apt-get install iptables"
done

rm -rf "$root"
mkdir -p "$root"
add "$client" /usr/bin/docker-connector-client
# The paths hold no blanks, so they are set apart by them.
for program in $programs; do add "$program"; done

# The extensions lie beside the library that loads them.
# shellcheck disable=SC2086
needed=$(libraries $programs) || exit 1
core=$(printf '%s\n' "$needed" | grep '/libxtables\.' | head -n 1)
[ -n "$core" ] || fail "this system's iptables does not use libxtables" "Use Debian's iptables"
folder=$(readlink -f "$(dirname "$core")")/xtables
extensions=
while read -r name _reason; do
  case $name in '' | '#'*) continue ;; esac
  add_extension "$name"
done <"$here/extensions"

# shellcheck disable=SC2086
needed=$(libraries "$client" $programs $extensions) || exit 1
for library in $needed; do add "$library"; done

# What scanners read in images without a package manager: the system, and a list of each package that a file is of, with its licence.
add /etc/os-release
files=$(
  # shellcheck disable=SC2086
  for file in $programs $extensions $needed; do
    if [ "$file" != "$client" ]; then readlink -f "$file"; fi
  done | sort -u
)
# dpkg may know a file below /usr by its path without /usr, where the two are one folder. It fails for the other path.
# shellcheck disable=SC2046,SC2086
owners=$(dpkg-query --search $files $(printf '%s\n' $files | sed 's|^/usr||') 2>/dev/null || true)
for file in $files; do
  case "$owners
" in
    *": $file
"* | *": ${file#/usr}
"*) ;;
    *) fail "$file is of no package" "Use Debian's packages" ;;
  esac
done
mkdir -p "$root/var/lib/dpkg/status.d"
# Lines are PACKAGE: PATH, or PACKAGE:PROCESSOR: PATH for a package that may be there for several.
for package in $(printf '%s\n' "$owners" | sed 's/: .*//' | sort -u); do
  # shellcheck disable=SC2016
  dpkg-query --show --showformat='Package: ${Package}\nStatus: install ok installed\nArchitecture: ${Architecture}\nSource: ${source:Package} (${source:Version})\nVersion: ${Version}\n' \
    "$package" >"$root/var/lib/dpkg/status.d/${package%:*}"
  add "/usr/share/doc/${package%:*}/copyright"
done

# Without it glibc asks the name server first, and what `docker run --add-host` says counts for nothing.
mkdir -p "$root/run"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
# The status socket and the lock of iptables-legacy have paths below /var/run and /run.
ln -s ../run "$root/var/run"

# The same modes and times on every machine, so that equal files give an equal layer.
chmod -R u=rwX,go=rX "$root"
find "$root" -exec touch -h -d @0 {} +

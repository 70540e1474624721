#!/bin/sh
# Installs docker-connector or docker-accessor from a release, or removes it; "install.sh --help" says how.
set -eu

HOME_PAGE=https://github.com/OWNER/REPOSITORY
PREFIX=${PREFIX:-/usr/local}

say() { printf '%s\n' "$*"; }

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

usage() {
  cat <<HELP
usage: install.sh [docker-connector|docker-accessor]
       install.sh --uninstall [--purge] [docker-connector|docker-accessor]

Installs one program (docker-connector unless another is named) for this system below PREFIX: its binary to bin,
its config file to etc unless one is there, manual pages, shell completions and the image of the client to share, on
Linux a systemd unit to lib/systemd.
--uninstall removes all of that, the client container, and the interface and routes that a crash may have left. A
config file that was edited and the accessor's file of server and token are kept; with --purge they go too.

environment:
  PREFIX    where to install; default /usr/local
  TMPDIR    where the download is unpacked and tried; default /tmp
  VERSION   the release, as in 0.1.0; default the latest
  BASE_URL  where the release's files are; default below $HOME_PAGE/releases
HELP
}

# The system as the archives' names have it.
find_system() {
  case $(uname -s) in
    Darwin) os=darwin ;;
    Linux) os=linux ;;
    *) fail "Cannot install on $(uname -s): there are binaries for macOS and Linux only" ;;
  esac
  case $(uname -m) in
    arm64 | aarch64) cpu=arm64 ;;
    x86_64 | amd64) cpu=x64 ;;
    *) fail "Cannot install on $(uname -m): there are binaries for arm64 and x86_64 only" ;;
  esac
  # A shell that Rosetta translates says x86_64 on a Mac with an Apple processor.
  if [ "$os" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || true)" = 1 ]; then cpu=arm64; fi
}

# download URL FILE
download() {
  if command -v curl >/dev/null; then
    curl -fsSL -o "$2" "$1" || fail "Cannot download $1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1" || fail "Cannot download $1"
  else
    fail "Cannot download: there is neither curl nor wget. Install one of them"
  fi
}

# sha256 FILE
sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null; then
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  else
    fail "Cannot check the download: there is neither sha256sum nor shasum. Install one of them"
  fi
}

# check_hash FILE NAME SUMS
check_hash() {
  wanted=$(awk -v name="$2" '$2 == name { print $1 }' "$3")
  [ -n "$wanted" ] || fail "Cannot install $2: the release has no such file"
  found=$(sha256 "$1")
  [ "$found" = "$wanted" ] || fail "Cannot install $2: its SHA-256 is $found instead of $wanted. Nothing was installed"
}

# check_provenance FILE: that the project's own release workflow built it, from a tag. The hashes come from where the file comes from,
# so they do not tell.
check_provenance() {
  if [ -n "${BASE_URL:-}" ]; then
    say "Checked the SHA-256 alone, and not who built it: the files are not from the project's page (BASE_URL)"
    return 0
  fi
  if command -v gh >/dev/null && gh attestation --help >/dev/null 2>&1; then
    verifier=gh
  elif command -v cosign >/dev/null; then
    verifier=cosign
  else
    say "Checked the SHA-256 alone, and not who built it: there is neither gh nor cosign (https://docs.sigstore.dev)"
    return 0
  fi
  download "$base/provenance.sigstore.json" "$work/provenance.sigstore.json"
  tag=.
  if [ -n "${VERSION:-}" ]; then tag=$(printf '%s' "${VERSION#v}" | sed 's/[.+]/[&]/g')\$; fi
  signer="^$(printf '%s' "$HOME_PAGE" | sed 's/[.+]/[&]/g')/[.]github/workflows/release[.]yml@refs/tags/v$tag"
  # With the bundle at hand gh needs no login.
  case $verifier in
    gh) gh attestation verify "$1" --bundle "$work/provenance.sigstore.json" --repo "${HOME_PAGE#https://github.com/}" \
      --cert-identity-regex "$signer" >/dev/null ;;
    cosign) cosign verify-blob-attestation --bundle "$work/provenance.sigstore.json" --new-bundle-format --type slsaprovenance1 \
      --certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-identity-regexp "$signer" "$1" >/dev/null ;;
  esac || fail "Cannot install $(basename "$1"): its provenance is not the project's release, says $verifier. Nothing was installed"
  say "Verified by $verifier that the project's release workflow built $(basename "$1")"
}

# put MODE FILE TARGET: under another name first, since the file of a running program cannot be overwritten. The target's folder
# may belong to a user (as Homebrew's /usr/local does), who could have put a link there: it is removed, and no mode is set by name.
put() {
  if [ -d "$3" ]; then fail "Cannot install $3: a folder is in its place"; fi
  mkdir -p "$(dirname "$3")"
  cp "$2" "$work/put"
  chmod "$1" "$work/put"
  rm -f "$3.new"
  (umask 022 && cp "$work/put" "$3.new")
  mv -f "$3.new" "$3"
  rm -f "$work/put"
}

install_config() {
  [ -f "$work/$program.conf" ] || return 0
  # The default as it came tells whether the config file was edited since.
  if [ -e "$config" ] && ! cmp -s "$config" "$default"; then
    say "Kept $config; the default is $default"
  else
    put 600 "$work/$program.conf" "$config"
    say "Installed $config"
  fi
  put 644 "$work/$program.conf" "$default"
}

install_unit() {
  [ -f "$work/$program.service" ] || return 0
  # & | and \ mean something to sed.
  prefix=$(printf '%s\n' "$PREFIX" | sed 's/[&|\\]/\\&/g')
  sed "s|/usr/local/|$prefix/|g" "$work/$program.service" >"$work/unit"
  put 644 "$work/unit" "$unit"
  say "Installed $unit"
}

# Prints the files below PREFIX that help a person: manual pages, and the completions of three shells.
help_files() {
  printf '%s\n' "share/man/man1/$program.1"
  [ "$program" = docker-accessor ] || printf '%s\n' share/man/man1/docker-connector-client.1
  printf '%s\n' "share/bash-completion/completions/$program" "share/zsh/site-functions/_$program" \
    "share/fish/vendor_completions.d/$program.fish"
}

install_help() {
  for file in $(help_files); do
    case $file in
      */man1/*) [ -f "$work/${file##*/}" ] || continue ;;
      */bash-completion/*) "$work/$program" completions bash >"$work/${file##*/}.bash" ;;
      */zsh/*) "$work/$program" completions zsh >"$work/${file##*/}" ;;
      *) "$work/$program" completions fish >"$work/${file##*/}" ;;
    esac
    from=$work/${file##*/}
    case $file in */bash-completion/*) from=$from.bash ;; esac
    put 644 "$from" "$PREFIX/$file"
  done
  say "Installed manual pages and completions below $PREFIX/share"
}

has_systemd() { [ -d /run/systemd/system ]; }

next_command() {
  if has_systemd && systemctl is-active --quiet "$program"; then
    say "Next: sudo systemctl daemon-reload && sudo systemctl restart $program (the old version is still running)"
  elif "$binary" status >/dev/null 2>&1; then
    say "Next: stop the running $program, which is still the old version, and start it again"
  elif [ "$program" = docker-accessor ]; then
    say "Next: sudo $binary run --remote HOST:PORT --token-file FILE"
  elif has_systemd && [ "$PREFIX" = /usr/local ]; then
    say "Next: sudo systemctl daemon-reload && sudo systemctl enable --now $program"
  elif [ "$PREFIX" = /usr/local ]; then
    say "Next: sudo $binary run"
  else
    say "Next: sudo $binary run --config $config"
  fi
}

# The program is run once before it is installed, which a file system mounted with noexec forbids.
try_script() {
  printf '#!/bin/sh\nexit 0\n' >"$work/try"
  chmod 700 "$work/try"
  "$work/try" 2>/dev/null ||
    fail "Cannot run programs in $work: it is mounted with noexec. Set TMPDIR to a folder elsewhere. Nothing was installed"
}

install_program() {
  find_system
  if [ -n "${VERSION:-}" ]; then from=download/v${VERSION#v}; else from=latest/download; fi
  base=${BASE_URL:-$HOME_PAGE/releases/$from}
  case $base in
    */OWNER/REPOSITORY/*) fail "Cannot download: this script is not one of a release. Name where the files are: BASE_URL" ;;
  esac
  archive=$program-$os-$cpu.tar.gz
  # Paths of a systemd unit can hold none of these.
  case $PREFIX in
    *[[:space:]\"\'%\$\\]*) fail "Cannot install below $PREFIX: blanks, quotes, %, \$ and \\ cannot be in the path" ;;
    /*) ;;
    *) fail "Cannot install below $PREFIX: it is no absolute path" ;;
  esac
  if ! mkdir -p "$PREFIX/bin" 2>/dev/null || ! [ -w "$PREFIX/bin" ]; then
    fail "Cannot write to $PREFIX/bin: permission denied. Run it with sudo, or set PREFIX to a folder of your own"
  fi

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  say "Downloading $base/$archive"
  download "$base/SHA256SUMS" "$work/SHA256SUMS"
  download "$base/$archive" "$work/$archive"
  check_hash "$work/$archive" "$archive" "$work/SHA256SUMS"
  check_provenance "$work/$archive"
  tar -xzf "$work/$archive" -C "$work" || fail "Cannot unpack $archive"
  try_script
  version=$("$work/$program" --version) ||
    fail "Cannot run $program on this system: it needs macOS, or Linux with glibc (not musl). Nothing was installed"

  put 755 "$work/$program" "$binary"
  say "Installed $binary: $version"
  if [ -f "$work/mac-docker-connector.tar" ]; then
    put 644 "$work/mac-docker-connector.tar" "$share/mac-docker-connector.tar"
    # After the tar: an id that is older than its tar is another one's.
    put 644 "$work/mac-docker-connector.tar.id" "$share/mac-docker-connector.tar.id"
    say "Installed $share/mac-docker-connector.tar"
  fi
  install_config
  install_help
  install_unit
  next_command
}

remove() {
  if [ -e "$1" ]; then
    rm -f "$1" 2>/dev/null || fail "Cannot remove $1: permission denied. Run it with sudo"
    say "Removed $1"
  fi
}

uninstall_program() {
  if ! [ -e "$binary" ] && ! [ -e "$default" ]; then fail "Cannot remove $program: it is not installed in $PREFIX"; fi
  if [ -e "$unit" ] && has_systemd; then
    systemctl disable --now "$program" || true
  fi
  if [ -x "$binary" ] && "$binary" status >/dev/null 2>&1; then
    fail "Cannot remove $program: it is running. Stop it first"
  fi
  if [ "$program" = docker-connector ] && [ -x "$binary" ]; then
    status=0
    if [ -e "$config" ]; then "$binary" cleanup --config "$config" || status=$?; else "$binary" cleanup || status=$?; fi
    case $status in
      0) ;;
      # No Docker Engine answers, as where there is none: no reason to keep the program.
      69) say "A client container could not be looked for; if there is one: docker rm -f mac-connector" >&2 ;;
      *) fail "Cannot clean up what a run left. Run it with sudo, or fix what is said above" ;;
    esac
  fi
  if [ -e "$config" ]; then
    if [ "$purge" = yes ] || cmp -s "$config" "$default"; then
      remove "$config"
    else
      say "Kept $config, which was edited; install.sh --uninstall --purge removes it too"
    fi
  fi
  if [ -e "$login" ]; then
    if [ "$purge" = yes ]; then
      remove "$login"
    else
      say "Kept $login, which holds a token; install.sh --uninstall --purge $program removes it too"
    fi
  fi
  if [ -e "$unit" ]; then
    remove "$unit"
    if has_systemd; then systemctl daemon-reload || true; fi
  fi
  for file in $(help_files); do
    if [ -e "$PREFIX/$file" ]; then remove "$PREFIX/$file"; fi
  done
  remove "$default"
  remove "$share/mac-docker-connector.tar"
  remove "$share/mac-docker-connector.tar.id"
  remove "$binary"
  # Folders that others use too stay, since they are not empty.
  rmdir "$share" "$PREFIX/lib/systemd/system" "$PREFIX/lib/systemd" 2>/dev/null || true
}

main() {
  program=docker-connector
  action=install
  purge=no
  for word in "$@"; do
    case $word in
      --help | -h) usage && exit 0 ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      docker-connector | docker-accessor) program=$word ;;
      *) usage >&2 && fail "Cannot understand \"$word\"" ;;
    esac
  done
  binary=$PREFIX/bin/$program
  config=$PREFIX/etc/$program.conf
  share=$PREFIX/share/$program
  default=$share/$program.conf.default
  unit=$PREFIX/lib/systemd/system/$program.service
  # What the accessor's unit reads.
  login=$PREFIX/etc/$program.env
  if [ "$action" = install ]; then install_program; else uninstall_program; fi
}

# At the end, so that a download that broke off runs nothing.
main "$@"

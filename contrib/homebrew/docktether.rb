# A formula for Homebrew on Linux, for a tap of your own: put the archive that `make dist`
# makes somewhere, its place and sha256 below, and this file into Formula/.
class Docktether < Formula
  desc "Remote Docker hosts as local sockets, over pinned SSH"
  homepage "https://docktether.invalid/"
  url "https://docktether.invalid/docktether-0.1.0.tar.xz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  head do
    url "https://docktether.invalid/docktether.git", branch: "main"
    depends_on "autoconf" => :build
    depends_on "automake" => :build
  end

  depends_on "cmocka" => :build
  depends_on "pkgconf" => :build
  depends_on "inih"
  depends_on "jansson"
  depends_on "libssh"
  depends_on "libuv"
  # It watches the network by netlink and connections by epoll.
  depends_on :linux
  depends_on "openssl@3"

  def install
    system "autoreconf", "-fi" if build.head?
    # The plugin is found through `docktether plugin install`: Docker's CLI does not look into
    # Homebrew's prefix.
    system "./configure", "--disable-e2e",
                          "--without-docker-plugin-dir",
                          "--with-bash-completion-dir=#{bash_completion}",
                          "--with-zsh-completion-dir=#{zsh_completion}",
                          "--with-fish-completion-dir=#{fish_completion}",
                          *std_configure_args
    system "make", "install"
  end

  def caveats
    <<~EOS
      To have `docker tether` too:
        docktether plugin install
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/docktether version")
    # A profile without a pin is refused before anything is connected.
    ENV["HOME"] = testpath
    output = shell_output("#{bin}/docktether exec --url ssh://127.0.0.1:1 true 2>&1", 4)
    assert_match "no host key is pinned", output
  end
end

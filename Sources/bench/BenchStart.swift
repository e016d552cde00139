import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// How long the program needs before and around its work: `isotach --version`, and a whole `run` of a pipeline on
/// a file of a few kilobytes, beside the bare start of a process.
enum BenchStart {
  static func run(_ options: BenchOptions) async throws {
    let program = options.text("program", ".build/release/isotach")
    let input = options.text("input", "/usr/share/ncarg/data/nug/tas_mod1_hist_rectilin_grid_2D.nc")
    let variable = options.text("variable", "tas")
    let rounds = try options.integer("rounds", 30)
    let folder = options.text("folder", "/tmp") + "/isotach-bench-\(getpid())"
    try options.finish()

    guard mkdir(folder, 0o700) == 0 else { throw BenchError("\(folder): \(reason())") }
    let pipeline = folder + "/p.yaml"
    defer {
      for name in ["p.yaml", "out.nc"] { unlink(folder + "/" + name) }
      rmdir(folder)
    }
    try write(
      """
      name: start
      inputs:
        field: {files: "\(input)", variable: \(variable)}
      stages:
        - transform: {input: field, function: abs, as: result}
      outputs:
        - {input: result, file: out.nc}
      metadata: {title: start, institution: bench}
      """, to: pipeline)

    for (what, arguments) in [
      ("process", ["/bin/true"]), ("version", [program, "--version"]),
      ("small run", [program, "run", pipeline]),
    ] {
      // The median: a start is felt each time, not at its best.
      var times: [Double] = []
      for _ in 0..<rounds {
        let start = Clock.seconds()
        let status = try spawn(arguments)
        times.append(Clock.seconds() - start)
        guard status == 0 else {
          throw BenchError("\(arguments.joined(separator: " ")) ended with \(status)")
        }
      }
      times.sort()
      report(
        "start", what, way: arguments[0].split(separator: "/").last.map(String.init) ?? "", seconds: times)
    }
  }

  private static func report(_ benchmark: String, _ what: String, way: String, seconds times: [Double]) {
    func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }
    print(
      #"{"bench":"\#(benchmark)","case":"\#(what)","way":"\#(way)","workers":1,"#
        + #""seconds":\#((times[times.count / 2] * 1e5).rounded() / 1e5),"#
        + #""best_milliseconds":\#(milliseconds(times[0]))}"#)
    fflush(nil)
  }

  static func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw BenchError("\(path): \(reason())") }
    let written = fputs(text, file)
    guard fclose(file) == 0, written >= 0 else { throw BenchError("\(path): \(reason())") }
  }

  static func reason() -> String { String(cString: strerror(errno)) }

  /// Runs a program with its outputs thrown away and gives its exit status.
  static func spawn(_ arguments: [String]) throws -> Int32 {
    var child = ChildProcess()
    for descriptor in [1, 2] as [Int32] { child.open("/dev/null", O_WRONLY, as: descriptor) }
    let (failure, process) = child.start(arguments[0], arguments)
    guard failure == 0 else { throw BenchError("\(arguments[0]) could not be started") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

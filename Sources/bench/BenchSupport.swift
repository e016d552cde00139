#if canImport(Glibc)
  import Glibc
#endif

func fail(_ text: String, code: CInt = 64) -> Never {
  let bytes = Array((text + "\n").utf8)
  _ = write(2, bytes, bytes.count)
  exit(code)
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// `--key value` pairs; what is left over at the end is an error.
final class BenchOptions {
  private var values: [String: String] = [:]
  private var unused: Set<String> = []

  init(_ arguments: [String]) throws {
    guard arguments.count % 2 == 0 else { throw BenchError("options come as `--key value`") }
    for index in stride(from: 0, to: arguments.count, by: 2) {
      guard arguments[index].hasPrefix("--") else { throw BenchError("what is `\(arguments[index])`?") }
      values[String(arguments[index].dropFirst(2))] = arguments[index + 1]
    }
    unused = Set(values.keys)
  }

  func text(_ key: String, _ standard: String) -> String {
    unused.remove(key)
    return values[key] ?? standard
  }

  func integer(_ key: String, _ standard: Int) throws -> Int {
    guard let text = values[key] else { return standard }
    unused.remove(key)
    guard let number = Int(text), number > 0 else {
      throw BenchError("--\(key) \(text) is no positive number")
    }
    return number
  }

  func finish() throws {
    guard unused.isEmpty else { throw BenchError("unknown: \(unused.sorted().joined(separator: ", "))") }
  }
}

enum Clock {
  static func seconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// The best of some runs: what the machine can do when nothing else happens.
  static func best(of runs: Int, _ work: () async throws -> Void) async throws -> Double {
    var best = Double.infinity
    for _ in 0..<runs {
      let start = seconds()
      try await work()
      best = min(best, seconds() - start)
    }
    return best
  }
}

/// One measurement as a JSON line.
func report(_ benchmark: String, _ what: String, way: String, workers: Int, seconds: Double, bytes: Int) {
  func rounded(_ value: Double, _ digits: Double) -> Double { (value * digits).rounded() / digits }
  print(
    #"{"bench":"\#(benchmark)","case":"\#(what)","way":"\#(way)","workers":\#(workers),"#
      + #""seconds":\#(rounded(seconds, 1e4)),"bytes":\#(bytes),"#
      + #""megabytes_per_second":\#(rounded(Double(bytes) / seconds / 1e6, 10))}"#)
  fflush(nil)
}

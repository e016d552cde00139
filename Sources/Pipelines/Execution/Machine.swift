import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// What the machine, and whoever started the process, allow.
public enum Machine {
  /// A variable of the environment.
  public static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// ISOTACH_THREADS, SLURM_CPUS_PER_TASK, OMP_NUM_THREADS (its first number), or the processors that the
  /// process may run on.
  public static var threads: Int {
    for name in ["ISOTACH_THREADS", "SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS"] {
      if let text = environment(name), let first = text.split(separator: ",").first,
        let count = Int(first.filter { $0 != " " }), (1...1024).contains(count)
      {
        return count
      }
    }
    // The mask of processors, in hexadecimal, with commas.
    for line in (smallText("/proc/self/status") ?? "").split(separator: "\n")
    where line.hasPrefix("Cpus_allowed:") {
      let bits = line.dropFirst(13).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
      return min(max(1, bits), 1024)
    }
    return 1
  }

  /// Half of the memory that is free for this process: of the machine, or of its control group.
  public static var memory: Int {
    var available = 1 << 30
    if let text = smallText("/proc/meminfo"), let kilobytes = field("MemAvailable:", of: text) {
      available = kilobytes << 10
    }
    for path in cgroupLimits() {
      guard let text = smallText(path), let limit = Int(text.filter { $0 != "\n" }), limit < 1 << 50 else {
        continue
      }
      available = min(available, limit)
    }
    return max(available / 2, 64 << 20)
  }

  private static func cgroupLimits() -> [String] {
    var paths = ["/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"]
    for line in (smallText("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2] != "/" else { continue }
      if parts[1].isEmpty { paths.append("/sys/fs/cgroup\(parts[2])/memory.max") }
      if parts[1] == "memory" { paths.append("/sys/fs/cgroup/memory\(parts[2])/memory.limit_in_bytes") }
    }
    return paths
  }

  /// Memory that the process holds now, in bytes.
  static var resident: Int {
    (smallText("/proc/self/status").flatMap { field("VmRSS:", of: $0) } ?? 48 << 10) << 10
  }

  /// The most that it ever held.
  static var peakResident: Int {
    (smallText("/proc/self/status").flatMap { field("VmHWM:", of: $0) } ?? 0) << 10
  }

  private static func field(_ name: String, of text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
    }
    return nil
  }

  private static func smallText(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16384)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }

  /// Large blocks go back to the system as soon as they are freed, and threads share the rest: what the
  /// planner counts is then what the process holds.
  static func boundFragmentation() {
    isotach_return_memory()
  }
}

/// Sizes as people write them.
public enum ByteSize {
  /// `4GiB`, `512 MB`, `1.5g` (binary), plain bytes; nil when it is none.
  public static func parse(_ text: String) -> Int? {
    let trimmed = text.filter { $0 != " " }
    let digits = trimmed.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits), number > 0 else { return nil }
    let units: [String: Double] = [
      "": 1, "b": 1, "k": 1024, "kib": 1024, "kb": 1e3, "m": 1_048_576, "mib": 1_048_576, "mb": 1e6,
      "g": 1_073_741_824, "gib": 1_073_741_824, "gb": 1e9, "t": 1_099_511_627_776, "tib": 1_099_511_627_776,
      "tb": 1e12,
    ]
    guard let unit = units[trimmed.dropFirst(digits.count).lowercased()] else { return nil }
    return Int(exactly: (number * unit).rounded())
  }

  public static func text(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
    if unit == 0 { return "\(bytes) B" }
    let tenths = Int((value * 10).rounded())
    return value >= 100 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}

import Basics
import GridFiles

/// Files that make cron or systemd run a pipeline. The command in them is whole: absolute paths, nothing from the
/// environment.
public struct ScheduleFiles: Sendable {
  /// How often, and when in the period.
  public struct Period: Sendable, Hashable {
    /// Of the day: 1 to 30 minutes, 1 to 12 hours, or a day.
    let minutes: Int
    let offset: Int

    /// - Returns: nil when the period does not divide the hour or the day, or the offset is not within it.
    public init?(every: Double, offset: Double) {
      guard let minutes = Int(exactly: every / 60), let offset = Int(exactly: offset / 60),
        minutes >= 1, offset >= 0, offset < minutes,
        minutes < 60 ? 60 % minutes == 0 : minutes % 60 == 0 && 1440 % minutes == 0
      else { return nil }
      (self.minutes, self.offset) = (minutes, offset)
    }

    /// The five fields of a crontab, in local time.
    var cron: String {
      if minutes < 60 { return (offset == 0 ? "*/\(minutes)" : "\(offset)-59/\(minutes)") + " * * * *" }
      let (hour, minute) = (offset / 60, offset % 60)
      switch minutes {
      case 60: return "\(minute) * * * *"
      case 1440: return "\(minute) \(hour) * * *"
      default: return "\(minute) \(hour)-23/\(minutes / 60) * * *"
      }
    }

    /// systemd's calendar expression, in UTC.
    var calendar: String {
      func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
      if minutes < 60 { return "*-*-* *:\(two(offset))/\(minutes):00 UTC" }
      let (hour, minute) = (offset / 60, offset % 60)
      switch minutes {
      case 60: return "*-*-* *:\(two(minute)):00 UTC"
      case 1440: return "*-*-* \(two(hour)):\(two(minute)):00 UTC"
      default: return "*-*-* \(two(hour))/\(minutes / 60):\(two(minute)):00 UTC"
      }
    }
  }

  public struct File: Sendable {
    public let name: String
    public let text: String
  }

  let pipeline: String
  let words: [String]
  let period: Period

  /// - Parameters:
  ///   - name: of the pipeline.
  ///   - words: the command; the program and the pipeline by absolute paths.
  public init(pipeline name: String, words: [String], _ period: Period) {
    (pipeline, self.words, self.period) = (name, words, period)
  }

  /// What the files are called: letters, digits, `-` and `_`, for cron takes no others in `/etc/cron.d`.
  public var baseName: String {
    let plain = pipeline.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "-" }
    return "isotach-" + String(plain)
  }

  /// - Parameter user: for a file in `/etc/cron.d`, whose lines name a user; nil: for `crontab FILE`.
  public func cron(user: String?) -> File {
    let command = words.map(Self.shellWord).joined(separator: " ")
    // A percent sign is a newline to cron, in quotes too.
    let line = command.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "\\%")
    let place =
      user == nil
      ? "# Add these lines with `crontab -e`, or install the file as it is with `crontab FILE`."
      : "# For /etc/cron.d, under this name (cron takes no names with a dot there), owned by root."
    let text = """
      # Isotach pipeline \(pipeline.escapedForDisplay)
      \(place)
      # Cron mails what is printed: nothing while all is well, and nothing while an earlier run still goes on.
      SHELL=/bin/sh
      PATH=/usr/bin:/bin
      \(period.cron) \(user.map { $0 + " " } ?? "")\(line)

      """
    return File(name: baseName, text: text)
  }

  /// A service and its timer.
  public func systemd() -> [File] {
    let command = words.map(Self.unitWord).joined(separator: " ")
    let title = Self.unitText(pipeline.escapedForDisplay)
    let service = """
      # Isotach pipeline \(pipeline.escapedForDisplay)
      [Unit]
      Description=Isotach pipeline \(title)

      [Service]
      Type=oneshot
      ExecStart=\(command)
      # Another run is going on: try later.
      SuccessExitStatus=75
      Nice=10
      UMask=0022

      """
    let timer = """
      # Isotach pipeline \(pipeline.escapedForDisplay)
      [Unit]
      Description=Timer of the Isotach pipeline \(title)

      [Timer]
      OnCalendar=\(period.calendar)
      # After downtime once, at the start.
      Persistent=true
      AccuracySec=1s
      Unit=\(baseName).service

      [Install]
      WantedBy=timers.target

      """
    return [File(name: baseName + ".service", text: service), File(name: baseName + ".timer", text: timer)]
  }

  /// A word as /bin/sh reads it.
  static func shellWord(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_./=:,+-".contains($0)) }
    guard !isPlain else { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// A word as systemd reads it.
  static func unitWord(_ word: String) -> String {
    var result = ""
    for character in word {
      switch character {
      case "\\", "\"": result += "\\" + String(character)
      case "%": result += "%%"
      case "$": result += "$$"
      default: result.append(character)
      }
    }
    let isPlain =
      !word.isEmpty
      && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_./=:,+-%$".contains($0)) }
    return isPlain ? result : "\"\(result)\""
  }

  private static func unitText(_ text: String) -> String {
    text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
  }
}

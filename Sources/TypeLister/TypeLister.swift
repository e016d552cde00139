#if canImport(Glibc)
  import Glibc
#endif

/// `TypeLister OUTPUT (--list ACCESS NAME PROTOCOL TYPE...)...`: writes the Swift file with the lists of types.
@main enum TypeLister {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst(2)
    var text = "// Made by the TypeList plugin from the names of the files.\n"
    for list in arguments.split(separator: "--list") {
      let words = Array(list)
      guard words.count >= 3 else { exit(64) }
      text += "\n/// Every type that a file of its folder declares, in the order of the files' names.\n"
      text += "\(words[0]) let \(words[1]): [any \(words[2]).Type] = [\n"
      for name in words.dropFirst(3) { text += "  \(name).self,\n" }
      text += "]\n"
    }
    guard CommandLine.arguments.count > 1 else { exit(64) }
    // A file that is as it was is not touched: debug and release builds share it, and would build all that needs it
    // again after one another.
    if let known = unsafe fopen(CommandLine.arguments[1], "r") {
      var bytes = [UInt8](repeating: 0, count: text.utf8.count + 1)
      let count = unsafe fread(&bytes, 1, bytes.count, known)
      unsafe fclose(known)
      if bytes.prefix(count).elementsEqual(text.utf8) { return }
    }
    guard let file = unsafe fopen(CommandLine.arguments[1], "w") else { exit(73) }
    let written = unsafe fputs(text, file)
    if unsafe fclose(file) != 0 || written < 0 { exit(74) }
  }
}

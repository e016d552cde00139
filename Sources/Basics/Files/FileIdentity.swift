/// Tells whether a file is still the one that was opened.
public struct FileIdentity: Sendable, Hashable {
  public let device: UInt64
  public let inode: UInt64
  public let size: Int64
  public let modifiedNanoseconds: Int64
  public init(device: UInt64, inode: UInt64, size: Int64, modifiedNanoseconds: Int64) {
    (self.device, self.inode, self.size, self.modifiedNanoseconds) = (
      device, inode, size, modifiedNanoseconds
    )
  }
}

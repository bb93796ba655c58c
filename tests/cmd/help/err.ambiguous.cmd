st

/**
 * Markdown of agents and strangers. Raw HTML stays text, links go to the web or to mail only and never tell where they
 * were clicked, pictures are not fetched: a picture's address would tell its owner who reads this, and when.
 */
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeSanitize from 'rehype-sanitize';

interface Node {
  type: string;
  children?: Node[];
}

/** Tags that somebody typed stay readable as what was typed; the sanitizer would drop them without a word. */
function rawAsText() {
  const walk = (node: Node): void => {
    if (node.type === 'raw') node.type = 'text';
    node.children?.forEach(walk);
  };
  return walk;
}

const SAFE_LINK = /^(https?:|mailto:)/i;

const components: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  img: ({ alt }) => <span className="text-faint">[picture not loaded{alt ? `: ${alt}` : ''}]</span>,
  // The page has its own headings; what somebody wrote must not rank among them.
  h1: ({ children }) => <p className="font-semibold">{children}</p>,
  h2: ({ children }) => <p className="font-semibold">{children}</p>,
  h3: ({ children }) => <p className="font-semibold">{children}</p>,
  h4: ({ children }) => <p className="font-semibold">{children}</p>,
  h5: ({ children }) => <p className="font-semibold">{children}</p>,
  h6: ({ children }) => <p className="font-semibold">{children}</p>,
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
};

export default function Markdown({ text }: { text: string }) {
  return (
    <div className="prose-calm">
      <ReactMarkdown
        rehypePlugins={[rawAsText, rehypeSanitize]}
        components={components}
        urlTransform={(url) => (SAFE_LINK.test(url) ? url : '')}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}

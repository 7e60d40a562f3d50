/** How work went in the last days. */
import { useQuery } from '@tanstack/react-query';
import { statisticsQuery } from '../../api/queries.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { Charts } from './charts.tsx';

const DAYS = 14;

export default function Figures() {
  const query = useQuery(statisticsQuery(DAYS));
  return (
    <Section title={`The last ${DAYS} days`}>
      <Loaded query={query} lines={2}>
        {(figures) => <Charts figures={figures} />}
      </Loaded>
    </Section>
  );
}

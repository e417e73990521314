import { useSilentSince } from "../api/reachability";
import { Time } from "../components/Time";
import styles from "./SilenceBanner.module.css";

/** Says that the service does not answer; goes when it does again, and all is asked anew. */
export function SilenceBanner() {
  const since = useSilentSince();
  if (since === null) return null;
  return (
    <div role="alert" className={styles.banner}>
      <span className={`${styles.dot ?? ""} spin`} aria-hidden />
      <span>
        The service has not answered since <Time at={new Date(since)} />. What you see may be old;
        it is asked again every two seconds.
      </span>
    </div>
  );
}
